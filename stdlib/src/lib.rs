//! The drivers of the standard library, as text.
//!
//! Comes in: the name of a module as an import writes it, `openstack`. Goes out: its text. Modules are files of this
//! folder (`kubernetes/apps/v1.scope` is `kubernetes.apps.v1`); the compiler reads them as it reads any file.
//!
//! ```
//! assert!(scope_stdlib::module("openstack").is_some_and(|text| text.contains("driver openstack")));
//! assert_eq!(scope_stdlib::module("opentsack"), None);
//! ```

/// Name and text of every module, sorted by name.
const MODULES: &[(&str, &str)] = &[
    ("exec", include_str!("../exec.scope")),
    ("http", include_str!("../http.scope")),
    ("kubernetes", include_str!("../kubernetes.scope")),
    ("kubernetes.apps.v1", include_str!("../kubernetes/apps/v1.scope")),
    ("kubernetes.batch.v1", include_str!("../kubernetes/batch/v1.scope")),
    ("kubernetes.core.v1", include_str!("../kubernetes/core/v1.scope")),
    ("kubernetes.meta", include_str!("../kubernetes/meta.scope")),
    ("kubernetes.networking.v1", include_str!("../kubernetes/networking/v1.scope")),
    ("kubernetes.types", include_str!("../kubernetes/types.scope")),
    ("openstack", include_str!("../openstack.scope")),
    ("openstack.containers", include_str!("../openstack/containers.scope")),
    ("openstack.containers.types", include_str!("../openstack/containers/types.scope")),
    ("openstack.dns", include_str!("../openstack/dns.scope")),
    ("openstack.dns.types", include_str!("../openstack/dns/types.scope")),
    ("openstack.load_balancer", include_str!("../openstack/load_balancer.scope")),
    ("openstack.load_balancer.types", include_str!("../openstack/load_balancer/types.scope")),
    ("openstack.object_store", include_str!("../openstack/object_store.scope")),
    ("openstack.placement", include_str!("../openstack/placement.scope")),
    ("openstack.placement.types", include_str!("../openstack/placement/types.scope")),
    ("openstack.shares", include_str!("../openstack/shares.scope")),
    ("openstack.shares.types", include_str!("../openstack/shares/types.scope")),
    ("openstack.types", include_str!("../openstack/types.scope")),
    ("placement", include_str!("../placement.scope")),
];

/// The text of a module, by its name with dots.
pub fn module(name: &str) -> Option<&'static str> {
    let found = MODULES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    Some(MODULES[found].1)
}

/// The names of all modules, sorted.
pub fn modules() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|(name, _)| *name)
}
