//! `scope sites import`: what it writes is formatted, compiles, and holds no secret.

use crate::support::binary;

/// Imports and checks what was written.
fn imported(folder: &std::path::Path, words: &[&str]) -> String {
    let mut all = vec!["sites", "import"];
    all.extend(words);
    all.extend(["--out", "sites.scope"]);
    let ran = binary::scope(folder, &all, &[]);
    assert_eq!(ran.code, 0, "{words:?}: {}", ran.all());
    let text = std::fs::read_to_string(folder.join("sites.scope")).expect("written");
    let check = binary::scope(folder, &["check", "sites.scope"], &[]);
    assert_eq!(check.code, 0, "{text}\n{}", check.all());
    let format = binary::scope(folder, &["fmt", "--check", "sites.scope"], &[]);
    assert_eq!(format.code, 0, "{text}");
    text
}

#[test]
fn entries_of_a_configuration_file() {
    let folder = binary::folder("import-clouds");
    let text = imported(&folder, &["clouds.yaml"]);
    assert!(text.contains("site nantes {") && text.contains("openstack: { cloud: \"nantes\" }"), "{text}");
    assert!(!text.contains("password"), "{text}");
}

#[test]
fn an_inventory_stays_the_source() {
    let folder = binary::folder("import-inventory");
    let inventory = "- name: edge one\n  cloud: nantes\n  rack: r7\n  password: hunter2\n\
                     - name: edge-2\n  cloud: paris\n  rack: r8\n  password: hunter3\n";
    std::fs::write(folder.join("inventory.yaml"), inventory).expect("writable");
    let text = imported(&folder, &["inventory.yaml", "--driver", "openstack", "--with", "region=west"]);
    assert!(text.contains("site \"${s.name}\" for s in yaml(\"inventory.yaml\") {"), "{text}");
    assert!(
        text.contains("{ cloud: s.cloud, region: \"west\" }") && text.contains("{ rack: s.rack }"),
        "{text}"
    );
    assert!(text.contains("`password` is secret") && !text.contains("hunter"), "{text}");
    // The family follows the file.
    let program = "import openstack\nimport \"./sites.scope\"\noutput racks for s in sites = s.labels.rack\n";
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    let ran = binary::scope(&folder, &["run", "main.scope", "--simulate"], &[]);
    assert!(ran.stdout.contains("racks = {\"edge one\":\"r7\",\"edge-2\":\"r8\"}"), "{}", ran.all());
}

#[test]
fn the_regions_of_one_cloud() {
    let folder = binary::folder("import-regions");
    // As the service answers, and as its command line prints.
    let answered =
        "{\"links\": {\"self\": \"x\"}, \"regions\": [{\"id\": \"RegionOne\"}, {\"id\": \"Region Two\"}]}";
    let printed = "[{\"Region\": \"RegionOne\", \"Parent Region\": null}, {\"Region\": \"Region Two\", \"Parent Region\": null}]";
    for (name, content) in [("answered.json", answered), ("printed.json", printed)] {
        std::fs::write(folder.join(name), content).expect("writable");
        let words = [name, "--driver", "openstack", "--as", "region", "--with", "cloud=nantes"];
        let text = imported(&folder, &words);
        assert!(text.contains("site RegionOne {") && text.contains("site \"Region Two\" {"), "{text}");
        assert!(text.contains("{ region: \"RegionOne\", cloud: \"nantes\" }"), "{text}");
    }
}

#[test]
fn the_contexts_of_a_kubeconfig() {
    let folder = binary::folder("import-contexts");
    let config = "apiVersion: v1\nclusters:\n- name: c\n  cluster: {}\ncontexts:\n- name: edge-07\n  context: {}\n\
                  - name: edge-08\n  context: {}\nusers:\n- name: ops\n  user: { token: hunter2 }\n";
    std::fs::write(folder.join("kubeconfig"), config).expect("writable");
    // Any driver's setting may be the name: what is in the file is not looked at.
    let words = [
        "kubeconfig",
        "--driver",
        "openstack",
        "--list",
        "contexts",
        "--as",
        "region",
        "--with",
        "cloud=nantes",
    ];
    let text = imported(&folder, &words);
    assert!(text.contains("site edge-07 {") && text.contains("site edge-08 {"), "{text}");
    assert!(!text.contains("hunter") && !text.contains("ops"), "{text}");

    // Without `--as`, a family over the list in the file.
    let text = imported(
        &folder,
        &["kubeconfig", "--driver", "openstack", "--list", "contexts", "--with", "cloud=nantes"],
    );
    assert!(text.contains("for s in yaml(\"kubeconfig\").contexts {"), "{text}");
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = binary::folder("import-wrong");
    std::fs::write(folder.join("list.yaml"), "- name: a\n- name: b\n").expect("writable");
    std::fs::write(folder.join("words.yaml"), "- a\n- b\n").expect("writable");
    std::fs::write(folder.join("nameless.yaml"), "- cloud: a\n- cloud: b\n").expect("writable");
    let cases: [(&[&str], &str); 9] = [
        (&["list.yaml", "--driver", "openstack", "--list", "sites"], "has no list of records `sites`"),
        (&["missing.yaml"], "E0603"),
        (&["list.yaml"], "name the driver: `--driver NAME`"),
        (&["list.yaml", "--driver", "opnstack"], "there is no driver `opnstack`"),
        (&["list.yaml", "--driver", "openstack", "--as", "regoin"], "did you mean `region`?"),
        (&["list.yaml", "--driver", "openstack", "--with", "region"], "has no `=`"),
        (&["list.yaml", "--driver", "openstack", "--as", "region", "--with", "password=x"], "E0601"),
        (&["words.yaml", "--driver", "openstack"], "has no `clouds`"),
        (&["nameless.yaml", "--driver", "openstack"], "have no field that names each of them"),
    ];
    for (words, said) in cases {
        let mut all = vec!["sites", "import"];
        all.extend(words);
        let ran = binary::scope(&folder, &all, &[]);
        assert_eq!(ran.code, 3, "{words:?}: {}", ran.all());
        assert!(ran.all().contains(said), "{words:?}: {}", ran.all());
    }
}
