//! Many short lists in two vectors: what the scheduler's graph is made of.
//!
//! `[(1, a), (0, b), (1, c)]` → row 0 is `[b]`, row 1 is `[a, c]`.

/// A vector of slices in one vector.
#[derive(Debug)]
pub(super) struct Rows<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy> Rows<T> {
    /// Items by row; within a row they keep their order.
    pub(super) fn new(n_rows: usize, items: impl Iterator<Item = (usize, T)>) -> Self {
        let mut items: Vec<(usize, T)> = items.collect();
        items.sort_by_key(|(row, _)| *row);
        let mut starts = vec![0; n_rows + 1];
        for (row, _) in &items {
            starts[row + 1] += 1;
        }
        for row in 0..n_rows {
            starts[row + 1] += starts[row];
        }
        Self { starts, items: items.into_iter().map(|(_, item)| item).collect() }
    }

    /// The items of a row.
    pub(super) fn row(&self, row: usize) -> &[T] {
        &self.items[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}
