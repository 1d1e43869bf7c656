//! Curves and delivery matrices as shapes: numbers for the attributes of SVG, because the page may carry no inline style.
//!
//! Pure. What a picture says is said in words beside it.

use std::fmt::Write as _;

use crate::model::{Grid, Mark, Spark};

/// A curve as paths.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Path {
    /// The values, with holes where there are none.
    pub(super) curve: String,
    /// The holes, along the bottom.
    pub(super) gaps: String,
    /// A tick where a check failed.
    pub(super) failed: String,
    /// Where users were sent elsewhere.
    pub(super) out: String,
    /// The value at the top of the box, in milliseconds.
    pub(super) top: u32,
    /// When it begins, for the axis.
    pub(super) from: String,
}

/// The box that a curve is drawn in.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// How long a tick for a failure is.
    tick: f64,
}

impl Path {
    /// In a row of a table: 100 by 20.
    pub(super) fn small(spark: &Spark) -> Self {
        Self::new(spark, &Frame { left: 0.0, right: 100.0, top: 1.5, bottom: 16.0, tick: 3.5 })
    }

    /// With axes around it: 360 by 112.
    pub(super) fn large(spark: &Spark) -> Self {
        Self::new(spark, &Frame { left: 40.0, right: 356.0, top: 6.0, bottom: 88.0, tick: 5.0 })
    }

    /// Whether there is nothing to draw.
    pub(super) fn is_empty(&self) -> bool {
        self.curve.is_empty() && self.gaps.is_empty() && self.failed.is_empty()
    }

    #[expect(clippy::cast_precision_loss, reason = "at most 360 steps")]
    fn new(spark: &Spark, frame: &Frame) -> Self {
        let steps = spark.values.len();
        let mut path = Self { from: spark.from.map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default(), ..Self::default() };
        if steps == 0 {
            return path;
        }
        let step = (frame.right - frame.left) / steps as f64;
        let left = |index: usize| frame.left + step * index as f64;
        let height = frame.bottom - frame.top;
        path.top = top(spark);
        let scale = f64::from(path.top);
        for (start, end, is_known) in runs(&spark.values, Option::is_some) {
            if is_known {
                for (index, value) in spark.values[start..end].iter().flatten().enumerate() {
                    let y = frame.bottom - height * (f64::from(*value) / scale).min(1.0);
                    let word = if index == 0 { 'M' } else { 'L' };
                    let _ = write!(path.curve, "{word}{:.1} {y:.1}", left(start + index) + step / 2.0);
                }
                if end - start == 1 {
                    // A lone value has no line to the next.
                    let _ = write!(path.curve, "h{:.1}", (step / 2.0).max(0.8));
                }
            } else {
                let _ = write!(path.gaps, "M{:.1} {:.1}H{:.1}", left(start), frame.bottom, left(end));
            }
        }
        for (start, end, failed) in runs(&spark.failed, |failed| *failed) {
            if failed {
                let _ =
                    write!(path.failed, "M{:.1} {:.1}H{:.1}v{:.1}H{:.1}z", left(start), frame.bottom, left(end), frame.tick, left(start));
            }
        }
        for (start, end, out) in runs(&spark.out, |out| *out) {
            if out {
                let _ = write!(path.out, "M{:.1} 0H{:.1}V{:.1}H{:.1}z", left(start), left(end), frame.bottom, left(start));
            }
        }
        path
    }
}

/// The value at the top: twice the usual one at least, so that what is usual lies in the middle and its noise looks like noise.
fn top(spark: &Spark) -> u32 {
    let mut known: Vec<u32> = spark.values.iter().flatten().copied().collect();
    known.sort_unstable();
    let usual = known.get(known.len() / 2).copied().unwrap_or_default();
    spark.max.max(usual.saturating_mul(2)).max(1)
}

/// Stretches of one answer: from, to (exclusive), the answer.
fn runs<T>(values: &[T], of: impl Fn(&T) -> bool) -> Vec<(usize, usize, bool)> {
    let mut runs: Vec<(usize, usize, bool)> = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let is = of(value);
        match runs.last_mut() {
            Some(last) if last.2 == is => last.1 = index + 1,
            _ => runs.push((index, index + 1, is)),
        }
    }
    runs
}

/// A delivery matrix as shapes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) labels: Vec<Label>,
    pub(super) cells: Vec<Shape>,
    /// All of it in words.
    pub(super) told: String,
}

/// The name of a row or a column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) class: &'static str,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) text: String,
}

/// One cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The mark, and how dark it is.
    pub(super) class: String,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) middle: usize,
    pub(super) text: String,
}

const SIDE: usize = 112;
const CELL: usize = 92;
const ROW: usize = 36;
const HEAD: usize = 24;

impl Picture {
    /// A matrix: a row is where a message was sent into, a column where it arrives.
    pub(super) fn of(grid: &Grid) -> Self {
        let mut labels = Vec::new();
        for (index, region) in grid.columns.iter().enumerate() {
            labels.push(Label { class: "top", x: SIDE + CELL * index + CELL / 2, y: 15, text: region.to_string() });
        }
        let (mut cells, mut told) = (Vec::new(), vec![grid.title.clone()]);
        for (line, row) in grid.rows.iter().enumerate() {
            let y = HEAD + ROW * line;
            labels.push(Label { class: if row.here { "side here" } else { "side" }, x: SIDE - 8, y: y + 21, text: row.from.to_string() });
            for (index, cell) in row.cells.iter().enumerate() {
                let x = SIDE + CELL * index;
                let sign = if cell.mark == Mark::Good { String::new() } else { format!("{} ", cell.mark.sign()) };
                cells.push(Shape {
                    class: format!("{} s{}", cell.mark.as_str(), cell.shade.min(4)),
                    x,
                    y,
                    width: CELL - 4,
                    middle: x + (CELL - 4) / 2,
                    text: format!("{sign}{}", cell.text),
                });
            }
            let row_told: Vec<String> = row.cells.iter().map(|cell| format!("to {} {}", cell.to, cell.text)).collect();
            told.push(format!("from {}: {}", row.from, row_told.join(", ")));
        }
        let width = SIDE + CELL * grid.columns.len();
        let height = HEAD + ROW * grid.rows.len();
        Self { width, height, labels, cells, told: told.join(". ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spark(values: &[Option<u32>], failed: &[bool]) -> Spark {
        Spark {
            label: String::new(),
            now: String::new(),
            title: String::new(),
            from: None,
            step_seconds: 10,
            values: values.to_vec(),
            failed: failed.to_vec(),
            out: vec![false; values.len()],
            max: 100,
        }
    }

    #[test]
    fn a_hole_is_drawn_as_a_hole_and_never_as_nought() {
        let path = Path::small(&spark(&[Some(100), Some(0), None, Some(50)], &[false, false, true, false]));
        insta::assert_snapshot!(path.curve, @"M12.5 1.5L37.5 16.0M87.5 8.8h12.5");
        insta::assert_snapshot!(path.gaps, @"M50.0 16.0H75.0");
        insta::assert_snapshot!(path.failed, @"M50.0 16.0H75.0v3.5H50.0z");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(Path::small(&spark(&[], &[])).is_empty());
        assert!(!Path::small(&spark(&[None], &[false])).is_empty(), "silence is seen");
    }
}
