;; What pieces need beside the rolling hashes: UHASH of RFC 4418, which uhash.ts and uhash-word.ts compute in
;; TypeScript, for words of the hash in pairs; and the ends that line-finder.ts finds.
;;
;; The caller gives the memory and writes the keys; see mac-memory.ts. From 1024 on there are:
;;   1024  the key of the first layer as numbers, 1072 bytes
;;   2112  four words, 144 bytes each:
;;           0 key of the short polynomial, 8 and 16 halves of the one of the long polynomial, the lower first;
;;          24 eight keys of the third layer, less than 2^36 - 5, that of the lowest 16 bits first; 88 mask;
;;          96 hash of the last block; 104 that of the block before; 112 short polynomial; 120 long one
;;   2688  the block of a file that is not complete, 1024 bytes
;;   3712  the last bytes of a block, filled up with zeros, 32 bytes
;;   3744  32 bytes of ones, and 32 of zeros
(module
  (import "kernel" "memory" (memory 1))
  (data (i32.const 3744) "\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff")

  ;; Bytes in the block of a file that is not complete, and how many blocks came before it.
  (global $filled (mut i32) (i32.const 0))
  (global $blocks (mut i32) (i32.const 0))

  ;; The first layer of two words for `size` bytes, a multiple of 32.
  (func $nh (param $at i32) (param $size i32) (param $key i32) (result i64 i64)
    (local $stop i32) (local $left v128) (local $right v128) (local $x v128) (local $y v128)
    (local $sum0 v128) (local $sum1 v128)
    (local.set $stop (i32.add (local.get $at) (local.get $size)))
    (block $done
      (loop $step
        (br_if $done (i32.eq (local.get $at) (local.get $stop)))
        (local.set $left (v128.load (local.get $at)))
        (local.set $right (v128.load offset=16 (local.get $at)))
        ;; repeat 2
        (local.set $x (i32x4.add (local.get $left) (v128.load offset=@*16 (local.get $key))))
        (local.set $y (i32x4.add (local.get $right) (v128.load offset=@*16+16 (local.get $key))))
        (local.set $sum@ (i64x2.add (local.get $sum@) (i64x2.extmul_low_i32x4_u (local.get $x) (local.get $y))))
        (local.set $sum@ (i64x2.add (local.get $sum@) (i64x2.extmul_high_i32x4_u (local.get $x) (local.get $y))))
        ;; end
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (local.set $key (i32.add (local.get $key) (i32.const 32)))
        (br $step)))
    ;; repeat 2
    (i64.add (i64x2.extract_lane 0 (local.get $sum@)) (i64x2.extract_lane 1 (local.get $sum@)))
    ;; end
  )

  ;; The same for a block of 0 to 1024 bytes, with its bits added.
  (func $block (param $at i32) (param $size i32) (param $key i32) (result i64 i64)
    (local $whole i32) (local $rest i32) (local $hash0 i64) (local $hash1 i64) (local $more0 i64) (local $more1 i64)
    (local.set $rest (i32.and (local.get $size) (i32.const 31)))
    (local.set $whole (i32.sub (local.get $size) (local.get $rest)))
    (call $nh (local.get $at) (local.get $whole) (local.get $key))
    (local.set $hash1) (local.set $hash0)
    (if (i32.or (local.get $rest) (i32.eqz (local.get $size))) (then
      (local.set $at (i32.add (local.get $at) (local.get $whole)))
      ;; repeat 2
      (v128.store offset=@*16 (i32.const 3712) (v128.and (v128.load offset=@*16 (local.get $at))
        (v128.load offset=@*16 (i32.sub (i32.const 3776) (local.get $rest)))))
      ;; end
      (call $nh (i32.const 3712) (i32.const 32) (i32.add (local.get $key) (local.get $whole)))
      (local.set $more1) (local.set $more0)))
    ;; repeat 2
    (i64.add (i64.add (local.get $hash@) (local.get $more@)) (i64.extend_i32_u (i32.shl (local.get $size) (i32.const 3))))
    ;; end
  )

  ;; A polynomial of 64 bits after one more word.
  (func $short (param $y i64) (param $key i64) (param $word i64) (result i64)
    (if (i64.ge_u (local.get $word) (i64.const 0xffffffff00000000)) (then
      (local.set $y (call $short-step (local.get $y) (local.get $key) (i64.const -60)))
      (local.set $word (i64.sub (local.get $word) (i64.const 59)))))
    (call $short-step (local.get $y) (local.get $key) (local.get $word)))

  ;; y * key + word modulo 2^64 - 59. No half of the key has more than 25 bits, so no product has more than 57.
  (func $short-step (param $y i64) (param $key i64) (param $word i64) (result i64)
    (local $y1 i64) (local $key1 i64) (local $middle i64) (local $high i64)
    (local.set $y1 (i64.shr_u (local.get $y) (i64.const 32)))
    (local.set $key1 (i64.shr_u (local.get $key) (i64.const 32)))
    (local.set $y (i64.and (local.get $y) (i64.const 0xffffffff)))
    (local.set $key (i64.and (local.get $key) (i64.const 0xffffffff)))
    (local.set $middle
      (i64.add (i64.mul (local.get $y1) (local.get $key)) (i64.mul (local.get $y) (local.get $key1))))
    (local.set $high
      (i64.add (i64.mul (local.get $y1) (local.get $key1)) (i64.shr_u (local.get $middle) (i64.const 32))))
    (call $plus
      (call $plus
        (call $plus (i64.mul (local.get $y) (local.get $key)) (i64.shl (local.get $middle) (i64.const 32)))
        (i64.mul (local.get $high) (i64.const 59)))
      (local.get $word)))

  ;; a + b modulo 2^64 - 59, for b of 2^64 - 60 at most.
  (func $plus (param $a i64) (param $b i64) (result i64)
    (local.set $a (i64.add (local.get $a) (local.get $b)))
    (select (i64.add (local.get $a) (i64.const 59)) (local.get $a)
      (i32.or (i64.lt_u (local.get $a) (local.get $b)) (i64.ge_u (local.get $a) (i64.const -59)))))

  ;; Takes the pair of hashes of a word into its long polynomial.
  (func $long (param $slot i32)
    (local $low i64) (local $high i64)
    (local.set $low (i64.load offset=96 (local.get $slot)))
    (local.set $high (i64.load offset=104 (local.get $slot)))
    (if (i64.ge_u (local.get $high) (i64.const 0xffffffff00000000)) (then
      (i64.store offset=96 (local.get $slot) (i64.const -160))
      (i64.store offset=104 (local.get $slot) (i64.const -1))
      (call $long-step (local.get $slot))
      (i64.store offset=96 (local.get $slot) (i64.sub (local.get $low) (i64.const 159)))
      (i64.store offset=104 (local.get $slot)
        (i64.sub (local.get $high) (i64.extend_i32_u (i64.lt_u (local.get $low) (i64.const 159)))))))
    (call $long-step (local.get $slot)))

  ;; The same for a pair that is less than the prime: y * key + pair modulo 2^128 - 159, in digits of 32 bits.
  (func $long-step (param $slot i32)
    (local $y i64) (local $key0 i64) (local $key1 i64) (local $key2 i64) (local $key3 i64)
    (local $c0 i64) (local $c1 i64) (local $c2 i64) (local $c3 i64) (local $c4 i64) (local $c5 i64) (local $c6 i64)
    (local $c7 i64)
    ;; repeat 4
    (local.set $key@ (i64.load32_u offset=@*4+8 (local.get $slot)))
    (local.set $c@ (i64.load32_u offset=@*4+96 (local.get $slot)))
    ;; end
    ;; repeat 4
    (local.set $y (i64.load32_u offset=@*4+120 (local.get $slot)))
    (local.set $c@ (i64.add (local.get $c@) (i64.mul (local.get $y) (local.get $key0))))
    (local.set $c@+1 (i64.add (local.get $c@+1) (i64.mul (local.get $y) (local.get $key1))))
    (local.set $c@+2 (i64.add (local.get $c@+2) (i64.mul (local.get $y) (local.get $key2))))
    (local.set $c@+3 (i64.add (local.get $c@+3) (i64.mul (local.get $y) (local.get $key3))))
    ;; end
    ;; repeat 7
    (local.set $c@+1 (i64.add (local.get $c@+1) (i64.shr_u (local.get $c@) (i64.const 32))))
    (local.set $c@ (i64.and (local.get $c@) (i64.const 0xffffffff)))
    ;; end
    ;; repeat 4
    (local.set $c@ (i64.add (local.get $c@) (i64.mul (local.get $c@+4) (i64.const 159))))
    ;; end
    (local.set $c4 (i64.const 0))
    ;; repeat 4
    (local.set $c@+1 (i64.add (local.get $c@+1) (i64.shr_u (local.get $c@) (i64.const 32))))
    (local.set $c@ (i64.and (local.get $c@) (i64.const 0xffffffff)))
    ;; end
    (local.set $c0 (i64.add (local.get $c0) (i64.mul (local.get $c4) (i64.const 159))))
    (local.set $c4 (i64.const 0))
    ;; repeat 4
    (local.set $c@+1 (i64.add (local.get $c@+1) (i64.shr_u (local.get $c@) (i64.const 32))))
    (local.set $c@ (i64.and (local.get $c@) (i64.const 0xffffffff)))
    ;; end
    (local.set $c0 (i64.add
      (i64.or (local.get $c0) (i64.shl (local.get $c1) (i64.const 32)))
      (i64.mul (local.get $c4) (i64.const 159))))
    (local.set $c2 (i64.or (local.get $c2) (i64.shl (local.get $c3) (i64.const 32))))
    (if (i32.and (i64.eq (local.get $c2) (i64.const -1)) (i64.ge_u (local.get $c0) (i64.const -159))) (then
      (local.set $c0 (i64.add (local.get $c0) (i64.const 159)))
      (local.set $c2 (i64.const 0))))
    (i64.store offset=120 (local.get $slot) (local.get $c0))
    (i64.store offset=128 (local.get $slot) (local.get $c2)))

  ;; The third layer, for the halves of a number of 128 bits; as bytes, the highest comes first.
  (func $word (param $slot i32) (param $low i64) (param $high i64) (result i32)
    (local $sum i64) (local $word i32)
    ;; repeat 4
    (local.set $sum (i64.add (local.get $sum)
      (i64.mul (i64.and (i64.shr_u (local.get $low) (i64.const @*16)) (i64.const 0xffff))
        (i64.load offset=@*8+24 (local.get $slot)))))
    ;; end
    (if (i32.eqz (i64.eqz (local.get $high))) (then
      ;; repeat 4
      (local.set $sum (i64.add (local.get $sum)
        (i64.mul (i64.and (i64.shr_u (local.get $high) (i64.const @*16)) (i64.const 0xffff))
          (i64.load offset=@*8+56 (local.get $slot)))))
      ;; end
    ))
    (local.set $sum (i64.add (i64.and (local.get $sum) (i64.const 0xfffffffff))
      (i64.mul (i64.shr_u (local.get $sum) (i64.const 36)) (i64.const 5))))
    (local.set $sum (select (i64.sub (local.get $sum) (i64.const 0xffffffffb)) (local.get $sum)
      (i64.ge_u (local.get $sum) (i64.const 0xffffffffb))))
    (local.set $word (i32.xor (i32.wrap_i64 (local.get $sum)) (i32.load offset=88 (local.get $slot))))
    (i32.or
      (i32.and (i32.rotl (local.get $word) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $word) (i32.const 8)) (i32.const 0xff00ff00))))

  ;; Writes two words for each of the pieces that begin at `start` and end at `start` plus one of `ends`.
  (func (export "pieces") (param $start i32) (param $ends i32) (param $count i32) (param $macs i32)
    (local $buffer i32) (local $end i32) (local $last i32)
    (local.set $buffer (local.get $start))
    (local.set $last (i32.add (local.get $ends) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $piece
        (br_if $done (i32.eq (local.get $ends) (local.get $last)))
        (local.set $end (i32.add (local.get $buffer) (i32.load (local.get $ends))))
        (call $piece (local.get $start) (local.get $end) (local.get $macs))
        (local.set $start (local.get $end))
        (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
        (local.set $macs (i32.add (local.get $macs) (i32.const 8)))
        (br $piece))))

  ;; Writes two words for one piece, of less than 16 MiB.
  (func $piece (param $at i32) (param $end i32) (param $mac i32)
    (local $size i32) (local $hash0 i64) (local $hash1 i64) (local $y0 i64) (local $y1 i64)
    (local.set $size (i32.sub (local.get $end) (local.get $at)))
    (if (i32.le_u (local.get $size) (i32.const 1024))
      (then
        (call $block (local.get $at) (local.get $size) (i32.const 1024))
        (local.set $y1) (local.set $y0))
      (else
        (local.set $y0 (i64.const 1))
        (local.set $y1 (i64.const 1))
        (loop $next
          (local.set $size (i32.sub (local.get $end) (local.get $at)))
          (local.set $size (select (local.get $size) (i32.const 1024) (i32.lt_u (local.get $size) (i32.const 1024))))
          (call $block (local.get $at) (local.get $size) (i32.const 1024))
          (local.set $hash1) (local.set $hash0)
          ;; repeat 2
          (local.set $y@ (call $short (local.get $y@) (i64.load offset=@*144 (i32.const 2112)) (local.get $hash@)))
          ;; end
          (local.set $at (i32.add (local.get $at) (local.get $size)))
          (br_if $next (i32.lt_u (local.get $at) (local.get $end))))))
    ;; repeat 2
    (i32.store offset=@*4 (local.get $mac)
      (call $word (i32.add (i32.const 2112) (i32.const @*144)) (local.get $y@) (i64.const 0)))
    ;; end
  )

  ;; Takes in bytes of a file.
  (func (export "update") (param $at i32) (param $to i32)
    (local $size i32)
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $at) (local.get $to)))
        (local.set $size (i32.sub (local.get $to) (local.get $at)))
        (if (i32.and (i32.eqz (global.get $filled)) (i32.ge_u (local.get $size) (i32.const 1024)))
          (then
            (local.set $size (i32.const 1024))
            (call $take (local.get $at) (i32.const 1024)))
          (else
            (if (i32.gt_u (local.get $size) (i32.sub (i32.const 1024) (global.get $filled))) (then
              (local.set $size (i32.sub (i32.const 1024) (global.get $filled)))))
            (memory.copy (i32.add (i32.const 2688) (global.get $filled)) (local.get $at) (local.get $size))
            (global.set $filled (i32.add (global.get $filled) (local.get $size)))
            (if (i32.eq (global.get $filled) (i32.const 1024)) (then
              (call $take (i32.const 2688) (i32.const 1024))
              (global.set $filled (i32.const 0))))))
        (local.set $at (i32.add (local.get $at) (local.get $size)))
        (br $next))))

  ;; Takes in a block of a file: all four words.
  (func $take (param $at i32) (param $size i32)
    (local $hash0 i64) (local $hash1 i64)
    (if (global.get $blocks) (then (call $take-last)))
    (global.set $blocks (i32.add (global.get $blocks) (i32.const 1)))
    ;; repeat 2
    (call $block (local.get $at) (local.get $size) (i32.add (i32.const 1024) (i32.const @*32)))
    (local.set $hash1) (local.set $hash0)
    (i64.store offset=@*288+96 (i32.const 2112) (local.get $hash0))
    (i64.store offset=@*288+240 (i32.const 2112) (local.get $hash1))
    ;; end
  )

  ;; Takes the hash of the last block into the second layer.
  (func $take-last
    ;; repeat 4
    (call $add (i32.add (i32.const 2112) (i32.const @*144)) (i32.sub (global.get $blocks) (i32.const 1)))
    ;; end
  )

  (func $add (param $slot i32) (param $index i32)
    (local $hash i64)
    (if (i32.eqz (local.get $index)) (then (i64.store offset=112 (local.get $slot) (i64.const 1))))
    (local.set $hash (i64.load offset=96 (local.get $slot)))
    (if (i32.lt_u (local.get $index) (i32.const 16384)) (then
      (i64.store offset=112 (local.get $slot)
        (call $short (i64.load offset=112 (local.get $slot)) (i64.load (local.get $slot)) (local.get $hash)))
      (return)))
    (if (i32.eq (local.get $index) (i32.const 16384)) (then (call $begin-long (local.get $slot))))
    (if (i32.and (local.get $index) (i32.const 1))
      (then (call $long (local.get $slot)))
      (else (i64.store offset=104 (local.get $slot) (local.get $hash)))))

  ;; Begins the long polynomial with what the short one has become.
  (func $begin-long (param $slot i32)
    (i64.store offset=120 (local.get $slot) (i64.const 1))
    (i64.store offset=128 (local.get $slot) (i64.const 0))
    (i64.store offset=96 (local.get $slot) (i64.load offset=112 (local.get $slot)))
    (i64.store offset=104 (local.get $slot) (i64.const 0))
    (call $long (local.get $slot)))

  ;; Writes the four words of a file, and begins anew.
  (func (export "digest") (param $mac i32)
    (if (i32.or (global.get $filled) (i32.eqz (global.get $blocks))) (then
      (call $take (i32.const 2688) (global.get $filled))))
    (if (i32.gt_u (global.get $blocks) (i32.const 1)) (then (call $take-last)))
    ;; repeat 4
    (i32.store offset=@*4 (local.get $mac) (call $finish (i32.add (i32.const 2112) (i32.const @*144))))
    ;; end
    (global.set $filled (i32.const 0))
    (global.set $blocks (i32.const 0)))

  (func $finish (param $slot i32) (result i32)
    (if (i32.eq (global.get $blocks) (i32.const 1)) (then
      (return (call $word (local.get $slot) (i64.load offset=96 (local.get $slot)) (i64.const 0)))))
    (if (i32.le_u (global.get $blocks) (i32.const 16384)) (then
      (return (call $word (local.get $slot) (i64.load offset=112 (local.get $slot)) (i64.const 0)))))
    (call $end-long (local.get $slot))
    (call $word (local.get $slot) (i64.load offset=120 (local.get $slot)) (i64.load offset=128 (local.get $slot))))

  ;; Takes the end of the message, a bit that is set and zeros, into the long polynomial.
  (func $end-long (param $slot i32)
    (if (i32.and (global.get $blocks) (i32.const 1))
      (then (i64.store offset=96 (local.get $slot) (i64.const 0x8000000000000000)))
      (else
        (i64.store offset=96 (local.get $slot) (i64.const 0))
        (i64.store offset=104 (local.get $slot) (i64.const 0x8000000000000000))))
    (call $long (local.get $slot)))

  ;; Writes the ends of the pieces of lines in `length` bytes at `buffer` to `ends`, and returns how many there are.
  ;; The gear table lies at 0.
  (func (export "lines")
    (param $buffer i32) (param $length i32) (param $ends i32) (param $min i32) (param $full i32) (param $max i32)
    (result i32)
    (local $start i32) (local $stop i32) (local $end i32) (local $next i32)
    (local.set $start (local.get $buffer))
    (local.set $stop (i32.add (local.get $buffer) (local.get $length)))
    (local.set $next (local.get $ends))
    (block $done
      (loop $piece
        (local.set $end (call $marked-line (local.get $start)
          (i32.add (local.get $start) (local.get $min))
          (call $smaller (i32.add (local.get $start) (local.get $full)) (i32.add (local.get $stop) (i32.const 1)))))
        (if (i32.eqz (local.get $end)) (then
          (local.set $end (call $line (i32.add (local.get $start) (local.get $full))
            (call $smaller (i32.add (local.get $start) (local.get $max)) (i32.add (local.get $stop) (i32.const 1)))))))
        (if (i32.eqz (local.get $end)) (then
          (br_if $done (i32.lt_u (i32.sub (local.get $stop) (local.get $start)) (local.get $max)))
          (local.set $end (i32.add (local.get $start) (local.get $max)))))
        (i32.store (local.get $next) (i32.sub (local.get $end) (local.get $buffer)))
        (local.set $next (i32.add (local.get $next) (i32.const 4)))
        (local.set $start (local.get $end))
        (br $piece)))
    (i32.shr_u (i32.sub (local.get $next) (local.get $ends)) (i32.const 2)))

  ;; The first end in [from, to) behind a line feed where the hash of the bytes since `at` has no highest bit; 0 if
  ;; none.
  (func $marked-line (param $at i32) (param $from i32) (param $to i32) (result i32)
    (local $hash i32) (local $byte i32) (local $last i32)
    (local.set $last (i32.sub (local.get $to) (i32.const 8)))
    (block $few
      (loop $eight
        (br_if $few (i32.ge_s (local.get $at) (local.get $last)))
        ;; repeat 8
        (local.set $byte (i32.load8_u offset=@ (local.get $at)))
        (local.set $hash (i32.add (i32.shl (local.get $hash) (i32.const 1))
          (i32.load (i32.shl (local.get $byte) (i32.const 2)))))
        (if (i32.eq (local.get $byte) (i32.const 10)) (then
          (if (i32.and (i32.ge_s (local.get $hash) (i32.const 0))
              (i32.ge_u (i32.add (local.get $at) (i32.const @+1)) (local.get $from)))
            (then (return (i32.add (local.get $at) (i32.const @+1)))))))
        ;; end
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $eight)))
    (local.set $last (i32.sub (local.get $to) (i32.const 1)))
    (block $none
      (loop $one
        (br_if $none (i32.ge_s (local.get $at) (local.get $last)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (local.set $hash (i32.add (i32.shl (local.get $hash) (i32.const 1))
          (i32.load (i32.shl (local.get $byte) (i32.const 2)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $one (i32.ne (local.get $byte) (i32.const 10)))
        (br_if $one (i32.lt_s (local.get $hash) (i32.const 0)))
        (br_if $one (i32.lt_u (local.get $at) (local.get $from)))
        (return (local.get $at))))
    (i32.const 0))

  ;; The first end in [from, to) behind a line feed; 0 if none.
  (func $line (param $from i32) (param $to i32) (result i32)
    (block $none
      (loop $one
        (br_if $none (i32.ge_u (local.get $from) (local.get $to)))
        (if (i32.eq (i32.load8_u (i32.sub (local.get $from) (i32.const 1))) (i32.const 10))
          (then (return (local.get $from))))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br $one)))
    (i32.const 0))

  (func $smaller (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.lt_u (local.get $a) (local.get $b))))
)
