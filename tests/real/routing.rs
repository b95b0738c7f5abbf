//! A network of one's own with a way out: a router, its interface, an address from outside; and its whole life.

use super::Case;
use super::place::{Place, expect};
use crate::support::clouds::{Clouds, text};

pub const CASES: &[Case] = &[("router: a network with an address from outside", way_out)];

const PROGRAM: &str = r#"resource outside: openstack.network { name: "route-out", external: true, network_type: "local" } scope { CloudTwo }
resource outer:   openstack.subnet { name: "route-out", network: outside, cidr: "203.0.113.0/24", enable_dhcp: false } scope { CloudTwo }
resource net:     openstack.network { name: "route-in" } scope { CloudTwo }
resource subnet:  openstack.subnet { name: "route-in", network: net, cidr: "10.1.0.0/24" } scope { CloudTwo }
resource router:  openstack.router { name: "route", gateway: outside } scope { CloudTwo } with { after: outer }
resource joined:  openstack.router_interface { router: router, subnet: subnet } scope { CloudTwo }
resource port:    openstack.port { name: "route-web", network: net, vnic_type: "normal" } scope { CloudTwo } with { after: subnet }
resource other:   openstack.port { name: "route-other", network: net } scope { CloudTwo } with { after: subnet }
resource front:   openstack.floating_ip { description: "route front", network: outside, port: port } scope { CloudTwo } with { after: joined }
"#;

fn way_out(clouds: &Clouds) {
    let place = Place::new("routing", clouds).program(PROGRAM);
    expect(&place.run(), 0, &["9 created"]);
    place.changes_nothing();
    let front = || clouds.two.ask("GET", "network", "/v2.0/floatingips", None)["floatingips"][0].clone();
    let ports = clouds.two.ask("GET", "network", "/v2.0/ports?name=route-web", None);
    assert_eq!(front()["port_id"], ports["ports"][0]["id"]);
    assert!(text(&front()["description"]).starts_with("route front [scope:"), "{}", front());
    // It leads to another port.
    place.write_program(&PROGRAM.replace("port: port }", "port: other }"));
    expect(&place.run(), 0, &["1 changed", "8 unchanged"]);
    place.changes_nothing();
    let ports = clouds.two.ask("GET", "network", "/v2.0/ports?name=route-other", None);
    assert_eq!(front()["port_id"], ports["ports"][0]["id"]);
    expect(&place.scope(&["destroy", "main.scope", "--yes"]), 0, &["9 deleted"]);
    let left = clouds.two.ask("GET", "network", "/v2.0/routers", None);
    assert_eq!(left["routers"].as_array().map(Vec::len), Some(0), "{left}");
}
