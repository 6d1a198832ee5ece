//! A page of a listing, and what of it needs no load. A prefix is loaded again and again while ever
//! fewer of its objects are new.

use landing::{LandedObject, RawLocation};
use objects::Listed;

use crate::load_object::object_time;
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
            let (written, location) = (listed.last_modified, RawLocation::parse(&listed.key));
            (listed.landed(bucket), location.map_or(written, |at| object_time(&at, written)))
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
