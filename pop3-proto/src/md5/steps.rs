//! The compression function of MD5 (RFC 1321 section 3.4), as a loop over its 64 steps.
//!
//! That of `md-5` has them written out: faster, and four times larger.

/// `floor(2^32 * abs(sin(step + 1)))`.
const SINES: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

/// Takes blocks into the state.
pub(super) fn compress(state: &mut [u32; 4], blocks: &[[u8; 64]]) {
    for block in blocks {
        let [mut a, mut b, mut c, mut d] = *state;
        for (step, sine) in SINES.iter().enumerate() {
            // What is mixed, the word of the block that is taken, and the four rotations that take turns.
            let (mixed, word, rotations) = match step / 16 {
                0 => (d ^ (b & (c ^ d)), step, [7, 12, 17, 22]),
                1 => (c ^ (d & (b ^ c)), step * 5 + 1, [5, 9, 14, 20]),
                2 => (b ^ c ^ d, step * 3 + 5, [4, 11, 16, 23]),
                _ => (c ^ (b | !d), step * 7, [6, 10, 15, 21]),
            };
            let word = block.chunks_exact(4).nth(word % 16).unwrap_or_default();
            let word = u32::from_le_bytes(word.try_into().unwrap_or_default());
            let rotation = u32::from_le_bytes(rotations) >> (step % 4 * 8) & 0xff;
            let sum = a.wrapping_add(mixed).wrapping_add(*sine).wrapping_add(word);
            (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(rotation)));
        }
        for (word, more) in state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(more);
        }
    }
}

#[cfg(test)]
mod tests {
    /// Random blocks, each on top of those before it, against `md-5`.
    #[test]
    fn every_block_gives_what_it_gives_in_md_5() {
        let (mut ours, mut theirs) = ([0; 4], [0; 4]);
        let mut random = 1_u64;
        for round in 0..100_000 {
            let block = core::array::from_fn(|_| {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                random.to_le_bytes()[7]
            });
            super::compress(&mut ours, &[block]);
            md5::block_api::compress(&mut theirs, &[block]);
            assert_eq!(ours, theirs, "in round {round}");
        }
        super::compress(&mut ours, &[[0; 64], [0xff; 64]]);
        md5::block_api::compress(&mut theirs, &[[0; 64], [0xff; 64]]);
        assert_eq!(ours, theirs);
    }
}
