//! JSON Pointers (RFC 6901) as configurations name places with them.

use crate::reader::Node;

/// Why a text is no JSON Pointer that names a place inside a document.
pub(crate) fn fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("an empty pointer names the whole; leave the key out instead");
    }
    if !text.starts_with('/') {
        return Some("a JSON Pointer starts with `/`");
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('~') {
        if !after.starts_with(['0', '1']) {
            return Some("in a JSON Pointer `~` is written `~0`, and a `/` in a name `~1`");
        }
        rest = after;
    }
    None
}

/// Reads a pointer, or reports what is wrong with it.
pub(crate) fn read(node: &Node<'_, '_>) -> Option<String> {
    let text = node.string()?;
    match fault(&text) {
        None => Some(text),
        Some(fault) => node.report(format!("`{text}`: {fault}")),
    }
}

/// Reads an array of pointers without repetitions.
pub(crate) fn read_all(node: &Node<'_, '_>) -> Vec<String> {
    let mut pointers = Vec::new();
    for item in node.items().unwrap_or_default() {
        let Some(pointer) = read(&item) else { continue };
        if pointers.contains(&pointer) {
            item.report::<()>(format!("`{pointer}` stands here twice; remove one"));
        } else {
            pointers.push(pointer);
        }
    }
    pointers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_from_pointers() {
        for good in ["/a", "/a/b", "/a~1b", "/~0", "/"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["", "a", "a/b", "/a~", "/~2"] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
