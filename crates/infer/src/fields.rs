//! The scalar places of a record by their pointers, in the order in which they were met.

use normalise::Pointer;

use crate::profile::Node;

/// A place and what stands there.
#[derive(Debug, Clone)]
pub(crate) struct Field<'n> {
    pub(crate) path: Vec<String>,
    pub(crate) node: &'n Node,
}

impl Field<'_> {
    pub(crate) fn pointer(&self) -> String {
        pointer(&self.path)
    }

    pub(crate) fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// RFC 6901.
pub(crate) fn pointer(path: &[String]) -> String {
    path.iter().fold(String::new(), |mut pointer, token| {
        Pointer::push_token(&mut pointer, token);
        pointer
    })
}

/// Every place below `node`; `into_arrays`: those inside arrays as well, without indices.
pub(crate) fn all(node: &Node, into_arrays: bool) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    below(node, &[], into_arrays, &mut fields);
    fields
}

fn below<'n>(node: &'n Node, path: &[String], into_arrays: bool, out: &mut Vec<Field<'n>>) {
    let mut members = node.members.iter().collect::<Vec<_>>();
    members.sort_by_key(|(_, member)| member.position);
    for (name, member) in members {
        let path = [path, std::slice::from_ref(name)].concat();
        out.push(Field { path: path.clone(), node: member });
        below(member, &path, into_arrays, out);
        if let Some(item) = member.item.as_deref().filter(|_| into_arrays) {
            below(item, &path, into_arrays, out);
        }
    }
}
