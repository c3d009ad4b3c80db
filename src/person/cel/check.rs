//! Checks an expression before it runs: everything in it is known and bounded. Puts variables of their own in place of
//! `person.x`, `values.x` and `inGroup('…')`, so that a run knows what to ask the directory for and what was missing.

use std::collections::BTreeSet;

use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, ListExpr, LiteralValue, MapEntryExpr, MapExpr,
    SelectExpr, operators,
};
use kube_cel::cel::{IdedExpr, Program};

use super::functions::{self, BOUNDED, literal};
use super::scope::Variable;
use crate::api::{GroupRef, Membership};
use crate::person::bounds;
use crate::person::groups::Groups;

/// Longest expression, in bytes; the schema says the same.
const MAX_LENGTH: usize = 2048;
/// How deep brackets, operators and calls may be nested.
const MAX_DEPTH: usize = 48;
/// How many macros (`map`, `exists` …) an expression may have.
const MAX_MACROS: usize = 16;
/// How deep macros may be nested.
const MAX_NESTED_MACROS: usize = 2;

const HOW_TO_NAME: &str = "name the attribute: person.department, or person['cn;lang-sv']; the directory is asked for what is named here only";

/// The expression with its variables, and the attributes it needs.
pub(super) fn checked(source: &str, groups: &mut Groups<'_>) -> Result<(IdedExpr, BTreeSet<String>), String> {
    if source.trim().is_empty() {
        return Err("the expression is empty: write one, or leave the field out".to_owned());
    }
    if source.len() > MAX_LENGTH {
        return Err(format!("the expression is longer than {MAX_LENGTH} bytes: shorten it"));
    }
    within_depth(source)?;
    let program = Program::compile(source).map_err(|errors| {
        let message = errors.to_string();
        format!("this is no CEL expression: {}", message.split_whitespace().collect::<Vec<_>>().join(" "))
    })?;
    let mut checker = Checker { groups, attributes: BTreeSet::new(), bound: Vec::new(), depth: 0, macros: 0 };
    let expression = checker.expression(program.expression().clone())?;
    Ok((expression, checker.attributes))
}

/// Refuses nesting before the parser sees it: the parser's own stack grows with it.
fn within_depth(source: &str) -> Result<(), String> {
    let (mut open, mut signs, mut conditions) = (0_usize, 0_usize, 0_usize);
    for c in source.chars() {
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            '?' => conditions += 1,
            _ => {}
        }
        signs = if matches!(c, '!' | '-') || (signs > 0 && c.is_whitespace()) { signs + 1 } else { 0 };
        if open > MAX_DEPTH || signs > MAX_DEPTH || conditions > MAX_DEPTH {
            return Err(too_deep());
        }
    }
    Ok(())
}

fn too_deep() -> String {
    format!("the expression is nested deeper than {MAX_DEPTH}: split it, or use a list, as in x in ['a', 'b']")
}

enum Root {
    Person,
    Values,
}

struct Checker<'a, 'g> {
    groups: &'a mut Groups<'g>,
    attributes: BTreeSet<String>,
    /// The variables of the macros around.
    bound: Vec<String>,
    depth: usize,
    macros: usize,
}

impl Checker<'_, '_> {
    fn expression(&mut self, expression: IdedExpr) -> Result<IdedExpr, String> {
        if self.depth >= MAX_DEPTH {
            return Err(too_deep());
        }
        self.depth += 1;
        let id = expression.id;
        let expr = match path_of(&expression) {
            Some((root, path)) => self.variable(&expression.expr, &root, path)?,
            None => self.other(expression)?,
        };
        self.depth -= 1;
        Ok(IdedExpr { id, expr })
    }

    fn other(&mut self, expression: IdedExpr) -> Result<Expr, String> {
        Ok(match expression.expr {
            Expr::Literal(literal) => Expr::Literal(literal),
            Expr::Ident(name) if name.starts_with('@') || self.bound.contains(&name) => Expr::Ident(name),
            Expr::Ident(name) if name == "person" || name == "values" => return Err(HOW_TO_NAME.to_owned()),
            Expr::Ident(name) => {
                return Err(format!(
                    "{name} is not known: an expression sees person, values, inGroup() and inGroupID()"
                ));
            }
            Expr::Select(select) => self.select(select)?,
            Expr::Call(call) => self.call(call)?,
            Expr::Comprehension(comprehension) => self.comprehension(*comprehension)?,
            Expr::List(list) => {
                Expr::List(ListExpr { elements: self.all(list.elements)?, optional_indices: list.optional_indices })
            }
            Expr::Map(map) => {
                let entries = map.entries.into_iter().map(|entry| self.entry(entry)).collect::<Result<_, _>>()?;
                Expr::Map(MapExpr { entries })
            }
            Expr::Struct(_) | Expr::Unspecified => {
                return Err("messages cannot be made here: an expression gives text, a list of text, or true or false"
                    .to_owned());
            }
        })
    }

    fn all(&mut self, expressions: Vec<IdedExpr>) -> Result<Vec<IdedExpr>, String> {
        expressions.into_iter().map(|expression| self.expression(expression)).collect()
    }

    fn entry(&mut self, entry: IdedEntryExpr) -> Result<IdedEntryExpr, String> {
        match entry.expr {
            EntryExpr::MapEntry(MapEntryExpr { key, value, optional }) => {
                let entry_expr = MapEntryExpr { key: self.expression(key)?, value: self.expression(value)?, optional };
                Ok(IdedEntryExpr { id: entry.id, expr: EntryExpr::MapEntry(entry_expr) })
            }
            EntryExpr::StructField(_) => Err("messages cannot be made here".to_owned()),
        }
    }

    fn variable(&mut self, expr: &Expr, root: &Root, path: Vec<String>) -> Result<Expr, String> {
        let attribute = path.first().filter(|name| !name.trim().is_empty() && !path.iter().any(|p| p.contains('\0')));
        self.attributes.insert(attribute.ok_or("an attribute's name is empty or holds a NUL character")?.clone());
        let variable = match (root, expr) {
            (_, Expr::Select(select)) if select.test => Variable::Has(path),
            (Root::Person, _) => Variable::Attribute(path),
            (Root::Values, _) => Variable::Values(path),
        };
        Ok(Expr::Ident(variable.name()))
    }

    fn select(&mut self, select: SelectExpr) -> Result<Expr, String> {
        let operand = self.expression(*select.operand)?;
        if select.test {
            return Ok(Expr::Select(SelectExpr { operand: Box::new(operand), ..select }));
        }
        // The evaluator takes a member of a text for false, so that `!person.title.x` would be true; an index fails.
        let field =
            IdedExpr { id: operand.id, expr: Expr::Literal(LiteralValue::String(select.field.as_str().into())) };
        Ok(call(operators::INDEX, vec![operand, field]))
    }

    fn call(&mut self, mut call: CallExpr) -> Result<Expr, String> {
        let name = call.func_name.clone();
        if call.target.is_none() {
            match (name.as_str(), call.args.as_slice()) {
                ("inGroup" | "inGroupID", args) => return self.in_group(&name, args),
                (operators::IN, [key, IdedExpr { expr: Expr::Ident(root), .. }])
                    if root == "person" || root == "values" =>
                {
                    let path = vec![literal(key).ok_or(HOW_TO_NAME)?.to_owned()];
                    let test = Expr::Select(SelectExpr { test: true, ..SelectExpr::default() });
                    return self.variable(&test, &Root::Person, path);
                }
                (operators::INDEX, [IdedExpr { expr: Expr::Ident(root), .. }, _])
                    if root == "person" || root == "values" =>
                {
                    return Err(HOW_TO_NAME.to_owned());
                }
                _ => {}
            }
        }
        let of_macro =
            matches!(call.args.first(), Some(IdedExpr { expr: Expr::Ident(accu), .. }) if accu.starts_with('@'));
        let operator = name.starts_with(['_', '@', '!', '-']);
        if !operator {
            self.function(&mut call)?;
        }
        call.args = self.all(call.args)?;
        let grows = !operator || (name == operators::ADD && !of_macro);
        Ok(if grows { bounded(Expr::Call(call)) } else { Expr::Call(call) })
    }

    /// Checks that a function exists, and its target.
    fn function(&mut self, call: &mut CallExpr) -> Result<(), String> {
        if let Some(target) = call.target.take() {
            let namespace = match &target.expr {
                Expr::Ident(prefix) if !self.bound.contains(prefix) => Some(format!("{prefix}.{}", call.func_name)),
                _ => None,
            };
            if namespace.is_some_and(|name| functions::exists(&name)) {
                call.target = Some(target);
                return Ok(());
            }
            call.target = Some(Box::new(self.expression(*target)?));
        }
        if !functions::exists(&call.func_name) {
            return Err(format!("there is no function {}()", call.func_name));
        }
        if matches!(call.func_name.as_str(), "matches" | "find" | "findAll")
            && let Some(pattern) = call.args.first().and_then(literal)
        {
            bounds::regex(pattern)?;
        }
        Ok(())
    }

    fn in_group(&mut self, name: &str, args: &[IdedExpr]) -> Result<Expr, String> {
        let [IdedExpr { expr: Expr::Literal(LiteralValue::String(group)), .. }] = args else {
            return Err(format!(
                "{name}() takes one group, written out as text: the group is looked up before the run (L17)"
            ));
        };
        let text = Some(group.to_string());
        let group =
            if name == "inGroup" { GroupRef { name: text, id: None } } else { GroupRef { name: None, id: text } };
        let place = self.groups.place(group, Membership::Nested)?;
        Ok(Expr::Ident(Variable::Group(place).name()))
    }

    fn comprehension(&mut self, mut comprehension: ComprehensionExpr) -> Result<Expr, String> {
        self.macros += 1;
        if self.macros > MAX_MACROS {
            return Err(format!("an expression may have {MAX_MACROS} macros (map, filter, exists …) at most"));
        }
        if matches!(comprehension.iter_var.as_str(), "person" | "values") {
            return Err(format!("{} cannot be a macro's variable: call it something else", comprehension.iter_var));
        }
        comprehension.iter_range = self.expression(comprehension.iter_range)?;
        comprehension.accu_init = self.expression(comprehension.accu_init)?;
        self.bound.push(comprehension.iter_var.clone());
        if self.bound.len() > MAX_NESTED_MACROS {
            return Err(format!("macros (map, filter, exists …) may be nested {MAX_NESTED_MACROS} deep at most"));
        }
        let id = comprehension.loop_cond.id;
        let condition = self.expression(comprehension.loop_cond)?;
        let tick = IdedExpr { id, expr: Expr::Ident(Variable::Tick.name()) };
        comprehension.loop_cond = IdedExpr { id, expr: call(operators::LOGICAL_AND, vec![condition, tick]) };
        comprehension.loop_step = self.expression(comprehension.loop_step)?;
        comprehension.result = self.expression(comprehension.result)?;
        self.bound.pop();
        Ok(Expr::Comprehension(Box::new(comprehension)))
    }
}

/// `person.a.b`, `person['a'].b`, `values.a` as root and path.
fn path_of(expression: &IdedExpr) -> Option<(Root, Vec<String>)> {
    let (operand, member) = match &expression.expr {
        Expr::Select(select) => (select.operand.as_ref(), select.field.as_str()),
        Expr::Call(CallExpr { func_name, args, .. }) if func_name == operators::INDEX => match args.as_slice() {
            [operand, member] => (operand, literal(member)?),
            _ => return None,
        },
        _ => return None,
    };
    if let Expr::Ident(name) = &operand.expr {
        let root = match name.as_str() {
            "person" => Root::Person,
            "values" => Root::Values,
            _ => return None,
        };
        return Some((root, vec![member.to_owned()]));
    }
    if matches!(&operand.expr, Expr::Select(select) if select.test) {
        return None;
    }
    match path_of(operand)? {
        (Root::Person, mut path) => {
            path.push(member.to_owned());
            Some((Root::Person, path))
        }
        (Root::Values, _) => None,
    }
}

fn call(name: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args })
}

fn bounded(expr: Expr) -> Expr {
    call(BOUNDED, vec![IdedExpr { id: 0, expr }])
}
