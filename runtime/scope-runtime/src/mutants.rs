//! Mistakes that code can make, for the tests to find: each stands at the place where it would be made.
//!
//! In the product none can be switched on, and nothing of them is left. In tests `with(Mutant::ForgottenUndo, || …)` runs
//! something with that mistake. Those of the scheduler are in `schedule/mutants.rs`, those of simulated sites in
//! `simulator/mutants.rs`; the tests demand that each is found.

macro_rules! mutants {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// A mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Mutant {
            $($(#[$doc])* $name),+
        }

        /// Every one.
        #[cfg(test)]
        pub(crate) const ALL: &[Mutant] = &[$(Mutant::$name),+];

        /// In the product: never.
        #[cfg(not(test))]
        pub(crate) const fn is(_: Mutant) -> bool {
            false
        }

        #[cfg(test)]
        thread_local! {
            static ON: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
        }

        /// Whether this mistake is made now.
        #[cfg(test)]
        pub(crate) fn is(mutant: Mutant) -> bool {
            ON.get() == Some(mutant)
        }

        /// Does something with this mistake; also a panic ends it.
        #[cfg(test)]
        pub(crate) fn with<T>(mutant: Mutant, does: impl FnOnce() -> T) -> T {
            struct Off;
            impl Drop for Off {
                fn drop(&mut self) {
                    ON.set(None);
                }
            }
            ON.set(Some(mutant));
            let _off = Off;
            does()
        }
    };
}

pub(crate) use mutants;
