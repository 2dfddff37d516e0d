use super::{Isa, Kernel, Q4, Q8, Simd, portable};
use crate::testing::Gen;

struct Dots<'a> {
    w8: Q8<'a>,
    w4: Q4<'a>,
    x: Q8<'a>,
    blocks: usize,
}

impl Kernel for Dots<'_> {
    type Out = (f32, f32);
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> (f32, f32) {
        // SAFETY: the test makes as many blocks.
        unsafe { (s.dot_q8(self.w8, self.x, self.blocks), s.dot_q4(self.w4, self.x, self.blocks)) }
    }
}

#[test]
fn integer_dot_products_agree_on_every_instruction_set_at_the_ends_of_their_range() {
    let mut g = Gen::new(3);
    for blocks in [1, 2, 5, 8] {
        let extreme = blocks == 2;
        let w: Vec<i8> = (0..32 * blocks).map(|_| if extreme { -128 } else { g.bits() as i8 }).collect();
        let x: Vec<i8> = (0..32 * blocks).map(|_| if extreme { -127 } else { (g.bits() as i8).max(-127) }).collect();
        let nibbles: Vec<u8> = (0..16 * blocks).map(|_| if extreme { 0 } else { g.bits() as u8 }).collect();
        let (ws, xs) = (g.values(blocks, 1.0), g.values(blocks, 1.0));
        let (w8, x) = (Q8 { quants: &w, scales: &ws }, Q8 { quants: &x, scales: &xs });
        let w4 = Q4 { quants: &nibbles, scales: &ws };
        let want = (portable::dot_q8(w8, x, blocks), portable::dot_q4(w4, x, blocks));
        for isa in Isa::available() {
            let got = isa.run(Dots { w8, w4, x, blocks });
            let scale = 1e6 * blocks as f32;
            assert!((got.0 - want.0).abs() < 1e-6 * scale, "{} {got:?} {want:?}", isa.name());
            assert!((got.1 - want.1).abs() < 1e-6 * scale, "{} {got:?} {want:?}", isa.name());
        }
    }
}
