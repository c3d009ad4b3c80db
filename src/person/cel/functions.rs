//! The functions an expression can call: CEL's and Kubernetes', with those that could run away replaced by bounded ones.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::KubeCelExt;
use kube_cel::cel::common::ast::{CallExpr, Expr, LiteralValue};
use kube_cel::cel::extractors::{Arguments, This};
use kube_cel::cel::objects::Key;
use kube_cel::cel::{Context, ExecutionError, FunctionContext, IdedExpr, Value};
use regex::Regex;

use crate::person::bounds;

/// Largest text or list that may arise within an expression, in bytes.
pub(super) const MAX_BYTES: usize = 64 * 1024;
/// The function that the checker puts around everything that can grow.
pub(super) const BOUNDED: &str = "@bounded";
/// How many compiled regular expressions a thread keeps.
const MAX_CACHED: usize = 64;

thread_local! {
    static ROOT: Context<'static> = root();
    static REGEXES: RefCell<HashMap<Arc<String>, Regex>> = RefCell::default();
}

/// Lends the functions, without any variables.
pub(super) fn with<T>(use_them: impl FnOnce(&Context<'_>) -> T) -> T {
    ROOT.with(|root| use_them(root))
}

/// Whether a function of this name exists (`trim`, `sets.contains`).
pub(super) fn exists(name: &str) -> bool {
    // A list of names is not to be had: call it without arguments, and see whether that is what was wrong.
    let call = Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args: Vec::new() });
    let outcome = with(|root| root.resolve(&IdedExpr { id: 0, expr: call }));
    !matches!(outcome, Err(ExecutionError::UndeclaredReference(unknown)) if unknown.as_str() == name)
}

fn root() -> Context<'static> {
    let mut context = Context::default().with_all();
    context.add_function(BOUNDED, bounded);
    context.add_function("matches", matches);
    context.add_function("replace", replace);
    context.add_function("lists.range", range);
    context
}

fn bounded(context: &FunctionContext, value: Value) -> Result<Value, ExecutionError> {
    let mut left = MAX_BYTES;
    if fits(&value, &mut left) { Ok(value) } else { Err(context.error("too large")) }
}

/// Takes the size of a value off what is left; false when it is more.
fn fits(value: &Value, left: &mut usize) -> bool {
    let size = match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(_) | Value::Map(_) => 0,
        _ => 8,
    };
    let Some(rest) = left.checked_sub(size.saturating_add(1)) else { return false };
    *left = rest;
    match value {
        Value::List(items) => items.iter().all(|item| fits(item, left)),
        Value::Map(map) => map.map.iter().all(|(key, value)| {
            let key = if let Key::String(key) = key { key.len() } else { 8 };
            left.checked_sub(key).inspect(|rest| *left = *rest).is_some() && fits(value, left)
        }),
        _ => true,
    }
}

/// `text.matches(pattern)`: as CEL's, but compiled once and within bounds.
fn matches(
    context: &FunctionContext,
    This(text): This<Arc<String>>,
    pattern: Arc<String>,
) -> Result<bool, ExecutionError> {
    REGEXES.with_borrow_mut(|cache| {
        if let Some(regex) = cache.get(&pattern) {
            return Ok(regex.is_match(&text));
        }
        let regex = bounds::regex(&pattern).map_err(|error| context.error(error))?;
        let outcome = regex.is_match(&text);
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        cache.insert(pattern, regex);
        Ok(outcome)
    })
}

/// `text.replace(old, new[, limit])`: as Kubernetes', but refused before it grows.
fn replace(This(text): This<Arc<String>>, Arguments(arguments): Arguments) -> Result<Value, ExecutionError> {
    let (old, new, limit) = match arguments.as_slice() {
        [Value::String(old), Value::String(new)] => (old, new, usize::MAX),
        [Value::String(old), Value::String(new), Value::Int(limit)] => {
            (old, new, usize::try_from(*limit).unwrap_or(usize::MAX))
        }
        _ => return Err(ExecutionError::NoSuchOverload),
    };
    let found = text.matches(old.as_str()).take(limit).count();
    if text.len().saturating_add(found.saturating_mul(new.len())) > MAX_BYTES {
        return Err(ExecutionError::function_error(BOUNDED, "too large"));
    }
    Ok(Value::String(Arc::new(text.replacen(old.as_str(), new, limit))))
}

/// `lists.range(n)`: as Kubernetes', but refused before it grows.
fn range(end: i64) -> Result<Value, ExecutionError> {
    match usize::try_from(end) {
        Ok(size) if size <= MAX_BYTES / 8 => Ok(Value::List(Arc::new((0..end).map(Value::Int).collect()))),
        Ok(_) => Err(ExecutionError::function_error(BOUNDED, "too large")),
        Err(_negative) => Err(ExecutionError::function_error("lists.range", "negative")),
    }
}

/// A literal text in an expression.
pub(super) fn literal(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text),
        _ => None,
    }
}
