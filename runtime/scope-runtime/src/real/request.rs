//! A driver's HTTP request, evaluated: from `POST "/v2/images"` with its headers and body to an address and bytes.
//!
//! The service's address is evaluated with `site` and `session`; the path is appended to it, or is a whole address. An
//! operation's header replaces the service's of the same name, one whose value is `null` is left out.

use std::fmt;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use scope_plan::driver::{Repeat, ResourceType, Service, Type};
use scope_plan::eval::{EvalError, eval, eval_path, eval_request_body};
use scope_plan::expr::Expr;
use serde_json::Value;

use super::encode::percent_encode;
use super::entries;
use super::environment::SiteEnvironment;
use super::failure::{configuration, error, evaluation};
use crate::site::{Content, SiteError, SiteErrorKind};

/// A request ready to be sent.
pub(super) struct HttpRequest {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Body,
    /// `POST /v2/images`
    pub label: String,
    /// A new connection is opened for it: its repeat is not safe.
    pub needs_fresh_connection: bool,
}

/// What is sent with it.
pub(super) enum Body {
    None,
    Bytes(Vec<u8>),
    Content(Content),
}

/// The parts of a driver's HTTP request.
pub(super) struct HttpParts<'a> {
    pub service: &'a Service,
    pub method: &'a Expr,
    pub path: &'a Expr,
    pub query: &'a [(String, Expr)],
    pub headers: &'a [(String, Expr)],
    pub body: Option<&'a Expr>,
    /// Whose repeat is safe by what, and the key for those by a key.
    pub repeat: Option<(&'a Repeat, &'a dyn fmt::Display)>,
}

/// Evaluates all of it. `content` is taken if the body is a content attribute.
///
/// # Errors
/// [`SiteErrorKind::NoService`] if the service has no address here, else what cannot be evaluated.
pub(super) fn evaluated(
    parts: &HttpParts<'_>,
    environment: &SiteEnvironment<'_>,
    content: &mut Option<Content>,
) -> Result<HttpRequest, SiteError> {
    let method = method(parts.method, environment)?;
    let path = eval_path(parts.path, environment)
        .map_err(|error| evaluation(&error, &format!("path of {method} {}", parts.path)))?;
    let mut url = address(parts.service, &path, environment)?;
    add_query(&mut url, parts.query, environment)?;
    let label = label(&method, &url);
    let mut headers = HeaderMap::new();
    for (name, value) in
        entries::values(parts.service.headers.iter().chain(parts.headers), environment, "header")?
    {
        match entries::text(&value, &format!("header `{name}`"))? {
            Some(text) => headers.insert(header_name(&name)?, header_value(&name, &text)?),
            None => headers.remove(header_name(&name)?),
        };
    }
    if let Some((Repeat::Key(header), key)) = parts.repeat {
        headers.insert(header_name(header)?, header_value(header, &key.to_string())?);
    }
    let body = match parts.body {
        None => Body::None,
        Some(expr) => body(expr, &mut headers, environment, content)?,
    };
    let is_changing = method == Method::POST || method == Method::PATCH;
    let needs_fresh_connection = is_changing && matches!(parts.repeat, Some((Repeat::None, _)));
    Ok(HttpRequest { method, url, headers, body, label, needs_fresh_connection })
}

/// The service's base address.
///
/// # Errors
/// As [`evaluated`].
pub(super) fn base_address(
    service: &Service,
    environment: &SiteEnvironment<'_>,
) -> Result<String, SiteError> {
    let no_service =
        || error(SiteErrorKind::NoService, format!("the site has no service `{}`", service.name));
    let Some(expr) = &service.address else {
        return Err(configuration(format!("service `{}` has no address in its driver", service.name)));
    };
    match eval(expr, environment) {
        Ok(Value::String(address)) if !address.is_empty() => Ok(address),
        Ok(Value::Null | Value::String(_)) | Err(EvalError::Null(_)) => Err(no_service()),
        Ok(_) => Err(configuration(format!("address of service `{}`: expected a text", service.name))),
        Err(error) => Err(evaluation(&error, &format!("address of service `{}`", service.name))),
    }
}

/// `GET /v2/images?name=x`, without the origin: the site is named elsewhere.
pub(super) fn label(method: &Method, url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{method} {}?{query}", url.path()),
        None => format!("{method} {}", url.path()),
    }
}

/// Whether `expr` stands for the content of a bytes attribute.
pub(super) fn is_content(expr: &Expr, resource_type: Option<&ResourceType>) -> bool {
    let Expr::Name(name) = expr else {
        return false;
    };
    let is_bytes = |ty: &Type| match ty {
        Type::Bytes => true,
        Type::Optional(inner) => **inner == Type::Bytes,
        _ => false,
    };
    resource_type.is_some_and(|resource_type| {
        resource_type.attributes.iter().any(|attribute| attribute.name == *name && is_bytes(&attribute.ty))
    })
}

fn address(service: &Service, path: &str, environment: &SiteEnvironment<'_>) -> Result<Url, SiteError> {
    let whole = if path.starts_with("http://") || path.starts_with("https://") {
        path.to_owned()
    } else {
        let base = base_address(service, environment)?;
        let base = base.trim_end_matches('/');
        let separator = if path.is_empty() || path.starts_with(['/', '?']) { "" } else { "/" };
        format!("{base}{separator}{path}")
    };
    let url = Url::parse(&whole).map_err(|error| {
        configuration(format!("address of service `{}` is not valid: {error}", service.name))
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        let words = format!(
            "address of service `{}`: expected http:// or https://, found `{}:`",
            service.name,
            url.scheme()
        );
        return Err(configuration(words));
    }
    Ok(url)
}

fn method(expr: &Expr, environment: &SiteEnvironment<'_>) -> Result<Method, SiteError> {
    let value = eval(expr, environment).map_err(|error| evaluation(&error, "method of the request"))?;
    let name = entries::text(&value, "method of the request")?.unwrap_or_default();
    Method::from_bytes(name.as_bytes())
        .map_err(|_| error(SiteErrorKind::Invalid, format!("`{name}` is no HTTP method")))
}

fn add_query(
    url: &mut Url,
    query: &[(String, Expr)],
    environment: &SiteEnvironment<'_>,
) -> Result<(), SiteError> {
    let mut written = Vec::new();
    for (name, value) in entries::values(query, environment, "query parameter")? {
        // A later one of the same name wins; the values of one list stand together.
        written.retain(|(earlier, _)| *earlier != name);
        let values = if let Value::Array(values) = value { values } else { vec![value] };
        for value in values {
            let text = entries::text(&value, &format!("query parameter `{name}`"))?;
            written.extend(text.map(|text| (name.clone(), text)));
        }
    }
    let pairs: Vec<_> = written
        .iter()
        .map(|(name, text)| format!("{}={}", percent_encode(name), percent_encode(text)))
        .collect();
    if !pairs.is_empty() {
        let before = url.query().map_or_else(String::new, |before| format!("{before}&"));
        url.set_query(Some(&format!("{before}{}", pairs.join("&"))));
    }
    Ok(())
}

fn header_name(name: &str) -> Result<HeaderName, SiteError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| configuration(format!("`{name}` is no name of a header")))
}

fn header_value(name: &str, text: &str) -> Result<HeaderValue, SiteError> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        error(SiteErrorKind::Invalid, format!("header `{name}`: a line break or control character in it"))
    })
}

fn body(
    expr: &Expr,
    headers: &mut HeaderMap,
    environment: &SiteEnvironment<'_>,
    content: &mut Option<Content>,
) -> Result<Body, SiteError> {
    if let Expr::File(file) = expr {
        default_type(headers, "application/octet-stream");
        return Ok(Body::Content(Content::File(file.clone())));
    }
    if is_content(expr, environment.asked.resource_type) {
        default_type(headers, "application/octet-stream");
        return Ok(content.take().map_or(Body::None, Body::Content));
    }
    let value =
        eval_request_body(expr, environment).map_err(|error| evaluation(&error, "body of the request"))?;
    let is_json = headers.get(CONTENT_TYPE).is_none_or(|content_type| {
        content_type.to_str().is_ok_and(|content_type| content_type.contains("json"))
    });
    match value {
        Value::Null => Ok(Body::None),
        // A form, YAML, plain text: what the driver wrote is the body.
        Value::String(text) if !is_json => Ok(Body::Bytes(text.into_bytes())),
        value => {
            default_type(headers, "application/json");
            Ok(Body::Bytes(serde_json::to_vec(&value).expect("a JSON value can be written")))
        }
    }
}

fn default_type(headers: &mut HeaderMap, content_type: &'static str) {
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
}
