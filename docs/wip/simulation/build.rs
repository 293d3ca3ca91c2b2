//! Puts a source of entropy that is always the same in the place of the system's.

fn main() {
    let source = "src/fixed_entropy.c";
    println!("cargo::rerun-if-changed={source}");
    // Whole, or the linker would leave out what is only looked for, never asked for.
    cc::Build::new().file(source).link_lib_modifier("+whole-archive").compile("fixed_entropy");
}
