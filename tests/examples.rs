//! Every program of `examples/`: its plan, its drawing and its simulated run are goldens; a second compile gives the same
//! bytes, and the plan is valid by its schema.

use crate::support::{binary, root};

#[test]
fn examples_compile_and_run_simulated_as_recorded() {
    insta::glob!("../examples", "*.scope", |path| {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let entry = format!("examples/{name}");
        let root = root();
        let check = binary::scope(&root, &["check", &entry, "--simulate"], &[]);
        assert_eq!(check.code, 0, "{}", check.all());
        let build = binary::scope(&root, &["build", &entry, "--simulate"], &[]);
        assert_eq!(build.code, 0, "{}", build.all());
        let again = binary::scope(&root, &["build", &entry, "--simulate"], &[]);
        assert_eq!(build.stdout, again.stdout, "the same input gives the same bytes");
        let plan: serde_json::Value = serde_json::from_str(&build.stdout).expect("a plan is JSON");
        let errors: Vec<String> = validator().iter_errors(&plan).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        insta::assert_snapshot!(
            "plan",
            binary::scope(&root, &["plan", "--steps", &entry, "--simulate"], &[]).stdout
        );
        insta::assert_snapshot!("shown", binary::scope(&root, &["plan", &entry, "--simulate"], &[]).stdout);
        insta::assert_snapshot!(
            "mermaid",
            binary::scope(&root, &["graph", "--to", "mermaid", &entry, "--simulate"], &[]).stdout
        );
        let run = binary::scope(&root, &["run", &entry, "--simulate"], &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        insta::assert_snapshot!("run", format!("{}{}", run.stderr, run.stdout));
    });
}

#[test]
fn a_module_is_checked_by_itself_and_asks_for_its_parameters_where_it_is_run() {
    for file in std::fs::read_dir(root().join("examples/modules")).expect("a folder") {
        let entry = format!("examples/modules/{}", file.expect("a file").file_name().to_string_lossy());
        let check = binary::scope(&root(), &["check", &entry], &[]);
        assert_eq!(check.code, 0, "{}", check.all());
        assert_eq!(check.stdout, format!("{entry}: a module; what imports it gives its parameters\n"));
        let plan = binary::scope(&root(), &["plan", &entry, "--simulate"], &[]);
        assert!(plan.stderr.contains("error[E0111]: parameter `name` has no value"), "{}", plan.all());
    }
}

fn validator() -> &'static jsonschema::Validator {
    static VALIDATOR: std::sync::OnceLock<jsonschema::Validator> = std::sync::OnceLock::new();
    VALIDATOR.get_or_init(|| jsonschema::validator_for(&scope_plan::json::schema()).expect("a JSON Schema"))
}

#[test]
fn the_schema_refuses_a_plan_with_a_misspelt_field() {
    let build = binary::scope(&root(), &["build", "examples/two-clouds.scope"], &[]);
    let mutated = build.stdout.replacen("\"steps\"", "\"stepz\"", 1);
    let plan: serde_json::Value = serde_json::from_str(&mutated).expect("still JSON");
    assert!(!validator().is_valid(&plan));
}
