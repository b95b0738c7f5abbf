//! Many short lists in two vectors: what graphs are made of.
//!
//! `[(1, a), (0, b), (1, c)]` → row 0 is `[b]`, row 1 is `[a, c]`.

/// A vector of slices in one vector.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy> Rows<T> {
    /// Items by row; within a row they keep their order.
    pub(crate) fn new(n_rows: usize, items: impl Iterator<Item = (usize, T)>) -> Self {
        let unplaced: Vec<(usize, T)> = items.collect();
        let mut starts = vec![0; n_rows + 1];
        for (row, _) in &unplaced {
            starts[row + 1] += 1;
        }
        for row in 0..n_rows {
            starts[row + 1] += starts[row];
        }
        // Rows are dense: where an item goes is counted, and nothing is compared.
        let mut ends = starts.clone();
        let mut items: Vec<T> = unplaced.iter().map(|(_, item)| *item).collect();
        for (row, item) in unplaced {
            items[ends[row] as usize] = item;
            ends[row] += 1;
        }
        Self { starts, items }
    }

    /// The items of a row.
    pub(crate) fn row(&self, row: usize) -> &[T] {
        &self.items[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}
