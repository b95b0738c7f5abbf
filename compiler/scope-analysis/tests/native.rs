//! Native command lines against the standard library's drivers: what fits which operation with which attributes, what
//! does not fit and how that is said.

use scope_analysis::{
    driver::elaborate,
    hir,
    native::{command_line, match_item},
};
use scope_diagnostics::SourceMap;
use scope_syntax::{
    ast::{Item, ItemKind},
    dump_expr,
};

const COUNTER: &str = include_str!("drivers/counter.scope");

fn parsed(text: &str) -> Vec<Item> {
    let mut sources = SourceMap::new();
    let file = sources.add("test.scope", text);
    scope_syntax::parse(file, text).module.items
}

fn drivers() -> Vec<hir::Driver> {
    let texts = [scope_stdlib::module("openstack").expect("it is one of the modules"), COUNTER];
    texts
        .into_iter()
        .map(|text| {
            let mut sources = SourceMap::new();
            let file = sources.add("driver.scope", text);
            let module = scope_syntax::parse(file, text).module;
            let driver = module.items.iter().find_map(|item| match &item.kind {
                ItemKind::Driver(driver) => Some(driver),
                _ => None,
            });
            elaborate(&module, driver.expect("the text has a driver")).0
        })
        .collect()
}

/// `openstack.image create {name: "base"} as base`, or the report.
fn asked(drivers: &[hir::Driver], line: &str) -> Result<String, String> {
    let items = parsed(&format!("{line}\n"));
    let Some(ItemKind::Native(item)) = items.first().map(|item| &item.kind) else {
        return Err(format!("not a native line: {items:?}"));
    };
    match match_item(drivers, item) {
        Ok(found) => {
            let fields: Vec<String> = found
                .filled
                .iter()
                .map(|filled| format!("{}: {}", filled.name, dump_expr(&filled.value)))
                .collect();
            let name = found
                .name
                .and_then(|name| name.literal())
                .map_or(String::new(), |name| format!(" as {name}"));
            Ok(format!("{} {} {{{}}}{name}", found.ty.name, found.operation.name, fields.join(", ")))
        }
        Err(report) => {
            let help: String = report.help.iter().map(|help| format!(" | {help}")).collect();
            Err(format!("[{}] {}{help}", report.code, report.message))
        }
    }
}

/// Command lines, and what they ask for.
const FITTING: &[(&str, &str)] = &[
    // As published.
    ("$ openstack endpoint list", "openstack.endpoint find {}"),
    ("$ openstack image list", "openstack.image find {}"),
    ("$ openstack network list", "openstack.network find {}"),
    (
        "$ openstack server create my-vm --flavor m1.tiny --image cirros",
        r#"openstack.server create {name: my-vm, flavor: m1.tiny, image: cirros} as my-vm"#,
    ),
    (
        "openstack server create my-vm --image debian --scope { compute: Paris, image: New York }",
        r#"openstack.server create {name: my-vm, image: debian} as my-vm"#,
    ),
    (
        "server a = openstack server create my-vm --image debian",
        r#"openstack.server create {name: my-vm, image: debian} as my-vm"#,
    ),
    (
        "let a: server = $ openstack server create my-vm --image debian",
        r#"openstack.server create {name: my-vm, image: debian} as my-vm"#,
    ),
    // Flags in any order, with `=`, before and behind the words.
    (
        "$ openstack --os-cloud x server create --image=debian-12 -f json --flavor m1.${size} vm --nic none",
        r#"openstack.server create {image: debian-12, flavor: "m1.${size}", name: vm, networks: none} as vm"#,
    ),
    // Lists, maps, numbers, constants, files.
    (
        "$ openstack server create vm --flavor f --property a=1 --property b=x=y --network n1 --network n2",
        r#"openstack.server create {name: vm, flavor: f, metadata: {a: 1 b: x=y}, nics: [n1 n2]} as vm"#,
    ),
    (
        "$ openstack image create base --file images/base.raw --disk-format raw --min-disk 1 --public --tag a --tag b",
        r#"openstack.image create {name: base, data: (call file images/base.raw), disk_format: raw, min_disk: 1, visibility: "public", tags: [a b]} as base"#,
    ),
    (
        "$ openstack flavor create m1.tiny --ram 64 --vcpus 1 --disk 0 --id 1",
        r#"openstack.flavor create {name: m1.tiny, ram: 64, vcpus: 1, disk: 0, id: 1} as m1.tiny"#,
    ),
    (
        "$ openstack security group rule create web --protocol tcp --dst-port 80:90 --ingress",
        r#"openstack.security_group_rule create {security_group: web, protocol: tcp, ports: 80:90, direction: "ingress"}"#,
    ),
    ("$ openstack security group create web", r#"openstack.security_group create {name: web} as web"#),
    (
        "$ openstack subnet create s --network n --subnet-range 10.0.0.0/24 --no-dhcp",
        r#"openstack.subnet create {name: s, network: n, cidr: 10.0.0.0/24, enable_dhcp: false} as s"#,
    ),
    ("$ openstack server stop vm", r#"openstack.server stop {name: vm} as vm"#),
    ("$ openstack server reboot --hard vm", r#"openstack.server reboot {how: "HARD", name: vm} as vm"#),
    (
        "$ openstack keypair create k --public-key k.pub",
        r#"openstack.keypair create {name: k, public_key: (call file k.pub)} as k"#,
    ),
    (
        "$ openstack project create demo --description 'two words'",
        r#"openstack.project create {name: demo, description: "two words"} as demo"#,
    ),
    ("$ openstack server delete -- -odd-", r#"openstack.server delete {name: -odd-} as -odd-"#),
    ("$ counter set hits 23", r#"counter.counter set {name: hits, value: 23} as hits"#),
];

/// Command lines that no driver takes, and what is said.
const REFUSED: &[(&str, &str)] = &[
    ("lett x = 3", "[E0213] no imported driver has a command `lett` | did you mean `let`?"),
    (
        "$ openstak server list",
        "[E0213] no imported driver has a command `openstak` | did you mean `openstack`?",
    ),
    (
        "$ openstack sever list",
        "[E0213] no imported driver has a command `openstack sever list` | did you mean `openstack server list`?",
    ),
    (
        "$ openstack server creat vm",
        "[E0213] no imported driver has a command `openstack server creat vm` | did you mean `openstack server create`?",
    ),
    (
        "$ kubectl apply -f nginx.yml",
        "[E0213] no imported driver has a command `kubectl` | import the driver that has it, or write it as a resource: `import kubectl`",
    ),
    (
        "$ openstack image create base --disk-fromat raw",
        "[E0214] `openstack image create` has no flag `--disk-fromat` | did you mean `--disk-format`?",
    ),
    (
        "$ openstack image create",
        "[E0214] `openstack image create` needs a `name` | it is written `openstack image create NAME`",
    ),
    ("$ openstack image create a b", "[E0214] the command has a word too many"),
    (
        "$ openstack image create a --disk-format",
        "[E0214] `--disk-format` needs a value | write `--disk-format DISK_FORMAT`",
    ),
    (
        "$ openstack image create a --disk-format raw --disk-format iso",
        "[E0214] `disk_format` is given twice",
    ),
    (
        "$ openstack server create a --flavor f --property colour",
        "[E0214] `metadata` is given as `key=value`",
    ),
];

#[test]
fn what_fits() {
    let drivers = drivers();
    let wrong: Vec<_> =
        FITTING.iter().filter(|(line, asks)| asked(&drivers, line).as_deref() != Ok(*asks)).collect();
    let got: Vec<_> = wrong.iter().map(|(line, _)| asked(&drivers, line)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{got:#?}");
}

#[test]
fn what_does_not() {
    let drivers = drivers();
    let says = |line| asked(&drivers, line).err().unwrap_or_default();
    let wrong: Vec<_> = REFUSED.iter().filter(|(line, said)| says(line) != *said).collect();
    let got: Vec<_> = wrong.iter().map(|(line, _)| says(line)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{got:#?}");
}

#[test]
fn attributes_give_the_command_line_back() {
    let drivers = drivers();
    let attributes = |json: serde_json::Value| match json {
        serde_json::Value::Object(fields) => fields.into_iter().collect(),
        _ => panic!("a record"),
    };
    let line = |ty: &str, operation: &str, json| {
        command_line(&drivers[0].types[ty], operation, &attributes(json)).map(|words| words.join(" "))
    };
    assert_eq!(
        line(
            "openstack.image",
            "create",
            serde_json::json!({ "name": "base", "visibility": "public", "min_disk": 1, "tags": ["a", "b"] })
        )
        .as_deref(),
        Some("openstack image create base --min-disk 1 --tag a --tag b --public")
    );
    assert_eq!(
        line("openstack.server", "create", serde_json::json!({ "name": "vm", "metadata": { "role": "db" } }))
            .as_deref(),
        Some("openstack server create vm --property role=db")
    );
    assert_eq!(line("openstack.server", "create", serde_json::json!({})), None);
}
