//! Table scripts, under the rules that the configuration gives each endpoint: of what stands, of
//! what samples would ask for, and applying one. What a script holds is the warehouse's to say.

use normalise::{Notice, Shredder};
use warehouse::{
    Applied, Difference, EndpointFacts, LateIndex, ScriptError, ScriptPart, TableScript, Warehouse,
    WarehouseError,
};

use crate::rules::EndpointRules;
use crate::{LoadError, Loader};

/// The bytes of an object that is not in the lake yet, decompressed.
#[derive(Debug, Clone, Copy)]
pub struct SampleBody<'a> {
    /// What it is called in errors.
    pub name: &'a str,
    /// What it holds.
    pub json: &'a [u8],
    /// What the folders of its key would say.
    pub partitions: &'a [(String, String)],
}

/// What samples ask for beyond the tables that stand.
#[derive(Debug, Default)]
pub struct Proposed {
    /// The script; none where they ask for nothing.
    pub script: Option<String>,
    /// Records that could not be kept: what they would have asked for is missing.
    pub rejects: u64,
    /// What people should know.
    pub notices: Vec<Notice>,
}

impl Loader {
    /// The script of the tables that stand: of all endpoints, or of those that `is_meant`. None
    /// where there are no such tables.
    pub async fn table_script(
        &self,
        is_meant: impl Fn(&str, &str) -> bool,
    ) -> Result<Option<String>, LoadError> {
        let mut warehouse = self.database().warehouse().await?;
        let mut parts = Vec::new();
        for EndpointRules { rules, facts } in self.meant(&mut warehouse, is_meant).await? {
            let tables = warehouse.tables(&facts).await?;
            parts.push(ScriptPart::whole(&facts, &rules, &tables));
        }
        match parts.as_slice() {
            [] => Ok(None),
            parts => Ok(Some(warehouse::table_script(parts)?)),
        }
    }

    /// The script of what samples ask for beyond the tables that stand. A contract that forbids
    /// changes forbids none here, as they are to be reviewed; a field named to be discarded is not
    /// asked for.
    pub async fn script_for_samples(
        &self,
        source: &str,
        endpoint: &str,
        samples: &[SampleBody<'_>],
    ) -> Result<Proposed, LoadError> {
        let EndpointRules { rules, facts } =
            EndpointRules::named(self.configuration(), source, endpoint)?;
        let tables = self.database().warehouse().await?.tables(&facts).await?;
        let rules = rules.for_review();
        let mut proposed = Proposed::default();
        let (mut changes, mut schema) = (Vec::new(), tables.schema().clone());
        for sample in samples {
            let mut shredder = Shredder::new(rules.clone(), schema, 0, sample.partitions);
            shredder.push(sample.json).and_then(|()| shredder.finish()).map_err(|mut error| {
                error.message = format!("{}: {}", sample.name, error.message);
                error
            })?;
            changes.append(&mut shredder.take_batch().changes);
            schema = shredder.schema().clone();
            let summary = shredder.summary();
            proposed.rejects += summary.rejects;
            proposed.notices.extend(summary.notices);
        }
        let part = ScriptPart::changing(&facts, &rules, tables, changes);
        if !part.is_empty() {
            proposed.script = Some(warehouse::table_script(&[part])?);
        }
        Ok(proposed)
    }

    /// Makes the indexes that keys ask for and that do not stand, of all endpoints or of those that
    /// `is_meant`.
    pub async fn make_indexes(
        &self,
        is_meant: impl Fn(&str, &str) -> bool,
    ) -> Result<Vec<LateIndex>, LoadError> {
        let mut warehouse = self.database().warehouse().await?;
        let mut made = Vec::new();
        for EndpointRules { facts, .. } in self.meant(&mut warehouse, is_meant).await? {
            made.append(&mut warehouse.make_indexes(&facts).await?);
        }
        Ok(made)
    }

    /// What differs between catalog and database, of all endpoints or of those that `is_meant`.
    pub async fn drift(
        &self,
        is_meant: impl Fn(&str, &str) -> bool,
    ) -> Result<Vec<Difference>, LoadError> {
        let mut warehouse = self.database().warehouse().await?;
        let mut differences = Vec::new();
        for EndpointRules { facts, .. } in self.meant(&mut warehouse, is_meant).await? {
            differences.append(&mut warehouse.drift(&facts).await?);
        }
        Ok(differences)
    }

    /// The rules of those endpoints with tables that `is_meant`.
    async fn meant(
        &self,
        warehouse: &mut Warehouse,
        is_meant: impl Fn(&str, &str) -> bool,
    ) -> Result<Vec<EndpointRules>, LoadError> {
        let mut endpoints = warehouse.endpoints().await?;
        endpoints.retain(|(source, endpoint)| is_meant(source, endpoint));
        let rules = endpoints
            .iter()
            .map(|(source, endpoint)| EndpointRules::named(self.configuration(), source, endpoint));
        rules.collect()
    }

    /// Runs a reviewed script and registers what it makes, all of it or nothing.
    pub async fn apply_table_script(&self, text: &str) -> Result<Applied, LoadError> {
        let script = TableScript::parse(text)
            .map_err(|error: ScriptError| LoadError::Warehouse(WarehouseError::Script(error)))?;
        let endpoints = script
            .endpoints()
            .map(|(source, endpoint)| {
                Ok(EndpointRules::named(self.configuration(), source, endpoint)?.facts)
            })
            .collect::<Result<Vec<EndpointFacts>, LoadError>>()?;
        let mut warehouse = self.database().warehouse().await?;
        Ok(warehouse.apply_script(&script, &endpoints).await?)
    }
}
