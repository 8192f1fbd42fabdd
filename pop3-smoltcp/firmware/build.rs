//! Tells the linker where each board has its memory.

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where the package is");
    for board in ["lm3s6965evb", "mps2-an385"] {
        println!("cargo::rustc-link-arg-bin={board}=-L{here}/memory/{board}");
        // cortex-m-rt's script, which includes memory.x.
        println!("cargo::rustc-link-arg-bin={board}=-Tlink.x");
        println!("cargo::rerun-if-changed=memory/{board}/memory.x");
    }
}
