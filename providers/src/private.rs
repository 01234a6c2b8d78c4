//! What is about a person: code may read it, `Debug` does not show it.

use std::{fmt, ops::Deref};

/// Text (or another value) about a person. Reads like the value; prints as `…`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Private<T = String>(pub T);

impl<T> Private<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Private<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_private_is_not_printed() {
        let name = Private("Ada".to_owned());
        assert_eq!(format!("{name:?} {}", name.len()), "… 3");
    }
}
