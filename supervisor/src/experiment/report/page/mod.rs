//! `--report FILE.html`: one file with words, tables and pictures, which needs nothing else.
//!
//! - `document`: the page around the sections, the data and the scripts in it
//! - `section`: what is said of a section, and its table
//! - `safe`: text and data that stay text and data
//! - `style.css`, `script/`: how it looks, and what draws the pictures from the data
//! - `vendor/`: the plotting library, as its makers publish it

mod document;
pub use document::html;

mod section;

mod safe;
