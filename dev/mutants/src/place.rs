//! Where in a file mutants are: the expression, arm or function that is to have a switch.

use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::Failure;
use crate::list::{Genre, Mutant};

/// A place with its mutants.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// What stands there, in bytes of the file.
    pub(crate) range: Range<usize>,
    pub(crate) kind: Kind,
    /// Indices into the list of all mutants.
    pub(crate) mutants: Vec<usize>,
}

/// How a place is built.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// The beginning of a function's body.
    Body,
    Binary {
        left: Range<usize>,
        operator: Range<usize>,
        right: Range<usize>,
        /// It reads its right side only where the left one does not decide.
        lazy: bool,
    },
    Unary {
        operand: Range<usize>,
    },
    Arm {
        pattern: Range<usize>,
        guard: Option<Range<usize>>,
    },
    Guard,
    /// A struct of which a field is left out; with the field of each mutant.
    Struct {
        fields: Vec<Range<usize>>,
    },
    /// `const` in front of a function, which cannot ask a switch then.
    Constant,
}

/// The places of these mutants of a file, and the mutants that have none. Outer places come before those inside them.
pub(crate) fn find(
    text: &str,
    mutants: &[(usize, &Mutant)],
) -> Result<(Vec<Place>, Vec<usize>), Failure> {
    let parsed = syn::parse_file(text).map_err(|e| e.to_string())?;
    let mut wanted = Vec::new();
    for (index, mutant) in mutants {
        wanted.push((*index, mutant.genre, mutant.range(text)?));
    }
    let mut search = Search {
        wanted,
        bodies: Vec::new(),
        places: Vec::new(),
    };
    search.visit_file(&parsed);
    search.enter_bodies();
    let left = search.wanted.iter().map(|(index, ..)| *index).collect();
    let mut places = search.places;
    places.sort_by_key(|place| (place.range.start, std::cmp::Reverse(place.range.end)));
    Ok((places, left))
}

struct Search {
    /// What has no place yet: which mutant, what it is, what it replaces.
    wanted: Vec<(usize, Genre, Range<usize>)>,
    bodies: Vec<Range<usize>>,
    places: Vec<Place>,
}

impl Search {
    fn take(&mut self, genre: Genre, within: impl Fn(&Range<usize>) -> bool) -> Vec<usize> {
        let mut found = Vec::new();
        self.wanted.retain(|(index, of, range)| {
            let hit = *of == genre && within(range);
            if hit {
                found.push(*index);
            }
            !hit
        });
        found
    }

    fn place(&mut self, range: Range<usize>, kind: Kind, mutants: Vec<usize>) {
        if !mutants.is_empty() {
            self.places.push(Place {
                range,
                kind,
                mutants,
            });
        }
    }

    fn function(&mut self, signature: &syn::Signature, block: Option<&syn::Block>) {
        if let Some(constant) = &signature.constness {
            let range = constant.span().byte_range();
            self.places.push(Place {
                range,
                kind: Kind::Constant,
                mutants: Vec::new(),
            });
        }
        self.bodies
            .extend(block.map(|block| block.brace_token.span.join().byte_range()));
    }

    /// The innermost body that begins before what is replaced is the one that is meant.
    fn enter_bodies(&mut self) {
        let mut bodies = std::mem::take(&mut self.bodies);
        bodies.sort_by_key(|body| std::cmp::Reverse(body.start));
        for body in bodies {
            let found = self.take(Genre::FnValue, |range| {
                body.start <= range.start && range.end <= body.end
            });
            let inside = body.start + 1;
            self.place(inside..inside, Kind::Body, found);
        }
    }
}

/// Whether it is a part of `if let … && …`, which is no value.
fn binds(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => binds(&binary.left) || binds(&binary.right),
        _ => false,
    }
}

fn bytes(node: &impl Spanned) -> Range<usize> {
    node.span().byte_range()
}

fn same(span: Span) -> impl Fn(&Range<usize>) -> bool {
    let range = span.byte_range();
    move |other| *other == range
}

impl<'ast> Visit<'ast> for Search {
    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.function(&node.sig, Some(&node.block));
        visit::visit_item_fn(self, node);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.function(&node.sig, Some(&node.block));
        visit::visit_impl_item_fn(self, node);
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        self.function(&node.sig, node.default.as_ref());
        visit::visit_trait_item_fn(self, node);
    }

    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        if !binds(&node.left) && !binds(&node.right) {
            let found = self.take(Genre::BinaryOperator, same(node.op.span()));
            let kind = Kind::Binary {
                left: bytes(&node.left),
                operator: bytes(&node.op),
                right: bytes(&node.right),
                lazy: matches!(node.op, syn::BinOp::And(_) | syn::BinOp::Or(_)),
            };
            self.place(bytes(node), kind, found);
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast syn::ExprUnary) {
        let found = self.take(Genre::UnaryOperator, same(node.op.span()));
        let operand = bytes(&node.expr);
        self.place(bytes(node), Kind::Unary { operand }, found);
        visit::visit_expr_unary(self, node);
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        let guard = node.guard.as_ref().map(|(_, guard)| guard);
        if !guard.is_some_and(|guard| binds(guard)) {
            let whole = bytes(node);
            let pattern = bytes(&node.pat);
            let body = bytes(&node.body);
            let found = self.take(Genre::MatchArm, |range| {
                whole.start <= range.start
                    && range.start <= pattern.start
                    && body.end <= range.end
                    && range.end <= whole.end.max(body.end + 1)
            });
            let end = guard.map_or(pattern.end, |guard| bytes(&**guard).end);
            let range = pattern.start..end;
            let guard = guard.map(|guard| bytes(&**guard));
            if let Some(guard) = &guard {
                let found = self.take(Genre::MatchArmGuard, |range| range == guard);
                self.place(guard.clone(), Kind::Guard, found);
            }
            self.place(range, Kind::Arm { pattern, guard }, found);
        }
        visit::visit_arm(self, node);
    }

    fn visit_expr_struct(&mut self, node: &'ast syn::ExprStruct) {
        let mut fields = Vec::new();
        let mut mutants = Vec::new();
        for pair in node.fields.pairs() {
            let field = bytes(*pair.value());
            let found = self.take(Genre::StructField, |range| {
                range.start == field.start && range.end >= field.end && range.end <= field.end + 1
            });
            let end = pair.punct().map_or(field.end, |comma| bytes(*comma).end);
            fields.extend(found.iter().map(|_| field.start..end));
            mutants.extend(found);
        }
        self.place(bytes(node), Kind::Struct { fields }, mutants);
        visit::visit_expr_struct(self, node);
    }
}
