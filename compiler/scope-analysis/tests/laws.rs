//! The laws of merge matrices: the checker says what the laws say, of every matrix of up to three kinds; and lawful
//! matrices end alike, whoever meets whom first.

use std::collections::BTreeSet;

use scope_analysis::driver::laws::Matrix;
use scope_analysis::hir::MergeRelation::{self, AnyOrder, KeepOrder, ReverseOrder, TakeOne};

const RELATIONS: [MergeRelation; 4] = [TakeOne, AnyOrder, KeepOrder, ReverseOrder];

/// Every matrix of so many kinds: each pair either way round.
fn matrices(n_kinds: usize) -> impl Iterator<Item = Vec<MergeRelation>> {
    let n_cells = n_kinds * n_kinds;
    (0..4_usize.pow(n_cells as u32)).map(move |mut number| {
        (0..n_cells)
            .map(|_| {
                let relation = RELATIONS[number % 4];
                number /= 4;
                relation
            })
            .collect()
    })
}

/// The laws, as they are written down.
fn is_lawful(m: &[MergeRelation], n: usize) -> bool {
    let at = |a: usize, b: usize| m[a * n + b];
    let all = |test: &dyn Fn(usize, usize) -> bool| (0..n).all(|a| (0..n).all(|b| test(a, b)));
    let keep_is_reverse = all(&|a, b| (at(a, b) == KeepOrder) == (at(b, a) == ReverseOrder));
    let symmetric = all(&|a, b| !matches!(at(a, b), TakeOne | AnyOrder) || at(b, a) == at(a, b));
    let transitive = all(&|a, b| {
        (0..n).all(|c| !(at(a, b) == KeepOrder && at(b, c) == KeepOrder) || at(a, c) == KeepOrder)
    });
    // With transitivity, a circle is a kind before itself.
    let acyclic = (0..n).all(|a| at(a, a) != KeepOrder);
    let alike = all(&|a, b| {
        a == b || at(a, b) != TakeOne || (0..n).all(|c| c == a || c == b || at(a, c) == at(b, c))
    });
    let taken = all(&|a, b| a == b || !matches!(at(a, b), TakeOne | KeepOrder) || at(a, a) == TakeOne);
    keep_is_reverse && symmetric && transitive && acyclic && alike && taken
}

fn matrix(m: &[MergeRelation], n: usize) -> Matrix {
    let mut matrix = Matrix::new((0..n).map(|kind| format!("k{kind}")).collect());
    for a in 0..n {
        for b in 0..n {
            matrix.set(a, b, m[a * n + b]);
        }
    }
    matrix
}

#[test]
fn the_checker_says_what_the_laws_say() {
    let mut n_lawful = 0;
    for n in 1..=3 {
        for m in matrices(n) {
            let lawful = is_lawful(&m, n);
            n_lawful += usize::from(lawful);
            let broken = matrix(&m, n).broken();
            assert_eq!(broken.is_none(), lawful, "{n} kinds, {m:?}: {broken:?}");
        }
    }
    // 2 of one kind; so few of a quarter of a million are lawful.
    assert!((20..2000).contains(&n_lawful), "{n_lawful}");
}

#[test]
fn half_a_matrix_is_a_whole_one() {
    let mut matrix = Matrix::new(vec!["create".into(), "update".into()]);
    assert!(matrix.broken().is_some(), "nothing is said");
    matrix.set(0, 0, TakeOne);
    matrix.set(0, 1, KeepOrder);
    assert!(matrix.broken().is_some(), "`update then update` is not");
    matrix.set(1, 1, TakeOne);
    assert_eq!(matrix.broken(), None);
    assert_eq!(matrix.get(1, 0), Some(ReverseOrder));
}

/// An operation: its kind, its clock and site, and those that it had seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Operation {
    clock: u32,
    site: usize,
    kind: usize,
    seen: BTreeSet<usize>,
}

/// A store: the operations that are held, and all that were ever seen.
#[derive(Clone, Default, PartialEq, Eq)]
struct Store {
    held: BTreeSet<usize>,
    seen: BTreeSet<usize>,
}

/// Rule 1 of merging: dropped for good is what one that had seen it takes the place of, or is put before.
fn settled(mut store: Store, all: &[Operation], m: &[MergeRelation], n: usize) -> Store {
    let dropped: Vec<usize> = store
        .held
        .iter()
        .copied()
        .filter(|x| {
            store.held.iter().any(|y| {
                all[*y].seen.contains(x)
                    && matches!(m[all[*x].kind * n + all[*y].kind], TakeOne | ReverseOrder)
            })
        })
        .collect();
    dropped.iter().for_each(|x| {
        store.held.remove(x);
    });
    store
}

fn merged(one: &Store, other: &Store, all: &[Operation], m: &[MergeRelation], n: usize) -> Store {
    let only = |a: &Store, b: &Store| -> BTreeSet<usize> {
        a.held.iter().copied().filter(|x| !b.seen.contains(x) || b.held.contains(x)).collect()
    };
    let mut held = only(one, other);
    held.extend(only(other, one));
    let seen = one.seen.union(&other.seen).copied().collect();
    settled(Store { held, seen }, all, m, n)
}

/// Three sites, each with some operations of its own, some of them after having met another: whatever the order in which
/// they meet at last, they hold the same.
#[test]
fn lawful_matrices_end_alike_in_every_order_of_meetings() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let lawful: Vec<Vec<MergeRelation>> = matrices(3).filter(|m| is_lawful(m, 3)).collect();
    let mut n_histories = 0;
    for m in &lawful {
        for _ in 0..20 {
            let mut all: Vec<Operation> = Vec::new();
            let mut stores = vec![Store::default(); 3];
            for _ in 0..5 {
                let site = random(3);
                if random(3) == 0 {
                    let other = random(3);
                    stores[site] = merged(&stores[site], &stores[other].clone(), &all, m, 3);
                }
                let clock = stores[site].seen.iter().map(|x| all[*x].clock).max().unwrap_or(0) + 1;
                all.push(Operation { clock, site, kind: random(3), seen: stores[site].seen.clone() });
                stores[site].seen.insert(all.len() - 1);
                stores[site].held.insert(all.len() - 1);
                stores[site] = settled(stores[site].clone(), &all, m, 3);
            }
            n_histories += 1;
            let order = |a: usize, b: usize, c: usize| {
                merged(&merged(&stores[a], &stores[b], &all, m, 3), &stores[c], &all, m, 3)
            };
            let first = order(0, 1, 2);
            for (a, b, c) in [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)] {
                assert!(order(a, b, c) == first, "{m:?}: {a}, {b}, {c} end otherwise");
            }
        }
    }
    assert!(n_histories > 400, "{n_histories}");
}
