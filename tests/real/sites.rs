//! `scope sites`: every site is reached, and says what it is.

use super::Case;
use super::place::{Place, expect};
use crate::support::clouds::Clouds;

pub const CASES: &[Case] = &[("sites: both answer with their versions; one that is down is told", sites)];

fn sites(clouds: &Clouds) {
    let place = Place::new("sites", clouds);
    let ran = place.scope(&["sites"]);
    expect(&ran, 0, &["CloudOne", "CloudTwo", "2 of 2 sites answer"]);
    for (service, version) in
        [("identity", "v3."), ("image", "v2."), ("compute", "2."), ("network", "v2."), ("placement", "1.")]
    {
        let lines: Vec<&str> = ran.stdout.lines().filter(|line| line.contains(service)).collect();
        assert_eq!(lines.len(), 2, "{}", ran.all());
        assert!(lines.iter().all(|line| line.contains(version) && line.contains(" ms ")), "{}", ran.all());
    }
    // No cloud has to have every service that the driver knows.
    let absent: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("volume")).collect();
    assert!(absent.len() == 2 && absent.iter().all(|line| line.contains("not there")), "{}", ran.all());
    let _down = clouds.two.stopped(&["glance"]);
    let ran = place.scope(&["sites"]);
    expect(&ran, 1, &["1 of 2 sites answer", "refused"]);
}
