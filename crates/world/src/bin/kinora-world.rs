//! The world's tool: contact sheets, clips and speed.

fn main() {
    println!("{}", kinora_world::spec::vocabulary());
}
