//! A page of a listing, and what of it needs no load. A prefix is loaded again and again while ever
//! fewer of its objects are new.

use landing::{LandedObject, RawLocation};
use objects::Listed;

use crate::telling::log;
use crate::{LoadError, Loader, ObjectReport, Verdict};

impl Loader {
    /// Parts a page's objects into reports of those that are loaded already and those to be loaded.
    pub async fn skim(
        &self,
        bucket: &str,
        page: Vec<Listed>,
    ) -> Result<(Vec<ObjectReport>, Vec<LandedObject>), LoadError> {
        let objects = page.iter().map(|listed| {
            let named = RawLocation::parse(&listed.key).ok().and_then(|at| at.object_time());
            let time = named.map_or(listed.last_modified, |time| time.timestamp());
            (listed.landed(bucket), time)
        });
        let objects = objects.collect::<Vec<_>>();
        let done = self.database().warehouse().await?.already_loaded(bucket, &objects).await?;
        let objects = objects.into_iter().map(|(object, _)| object);
        let (done, rest) = objects.partition::<Vec<_>, _>(|object| done.contains(&object.key));
        let reports = done.iter().map(|object| {
            let report = ObjectReport::bare(&object.bucket, &object.key, Verdict::AlreadyLoaded);
            log(&report);
            report
        });
        Ok((reports.collect(), rest))
    }
}
