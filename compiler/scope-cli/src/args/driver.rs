//! The arguments of `scope driver`.

use clap::{Args as ClapArgs, Subcommand};

/// `scope driver`
#[derive(Debug, ClapArgs)]
pub struct Driver {
    /// What to do with drivers.
    #[command(subcommand)]
    pub action: DriverAction,
}

/// What to do with drivers.
#[derive(Debug, Subcommand)]
pub enum DriverAction {
    /// Check a driver: its operations, answers, readiness, marks, command lines, and its merge matrices by their laws.
    Check {
        /// Files with drivers, or drivers of the standard library by name.
        #[arg(required = true, value_name = "FILE|DRIVER")]
        of: Vec<String>,
    },
    /// Write types from published schemas: OpenAPI, JSON Schema, resource definitions (CRDs).
    Import(DriverImport),
}

/// `scope driver import`
#[derive(Debug, ClapArgs)]
pub struct DriverImport {
    /// The schemas, JSON or YAML. Files that refer to each other are given together.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    /// The file to write; stdout without it.
    #[arg(long, short)]
    pub out: Option<String>,
    /// Only this type and what it uses; may be given several times. `TYPE.field` is a part of it, `[]` what a list holds, and
    /// `NAME=TYPE.field` gives it another name.
    #[arg(long, value_name = "[NAME=]TYPE")]
    pub only: Vec<String>,
    /// The values of this type are amounts such as `500m` or `1Gi`, equal where they are as much; may be given several
    /// times. A type whose published pattern says so needs no telling.
    #[arg(long, value_name = "TYPE")]
    pub quantity: Vec<String>,
    /// Draft a driver of this name from the paths of an OpenAPI description: what is made by `POST /things` or `PUT
    /// /things/{id}` and read by `GET /things/{id}` is a type with its operations.
    #[arg(long, value_name = "NAME", conflicts_with = "extend")]
    pub driver: Option<String>,
    /// Make resource definitions types of this driver: its name, or the file that declares it.
    #[arg(long, value_name = "DRIVER|FILE")]
    pub extend: Option<String>,
}
