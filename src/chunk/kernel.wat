;; The rolling hashes. They find what fastcdc-finder.ts, cafs-finder.ts and casync-finder.ts find in TypeScript,
;; which also say why.
;;
;; The table of words of the hash, 256 of them, lies at 0, for casync with a second one behind it; the caller decides
;; about the rest. Addresses are absolute.
;; What stands between "repeat" and "end" is repeated, with 0, 1 and so on for "@".
(module
  (memory (export "memory") 1)

  ;; The first end in [from, to) where the hash of the 32 bytes before it has no bit of the mask; 0 if none.
  (func $zeros (param $from i32) (param $to i32) (param $mask i32) (result i32)
    (local $at i32) (local $hash i32) (local $last i32)
    (local.set $at (i32.sub (local.get $from) (i32.const 32)))
    (local.set $last (i32.sub (local.get $from) (i32.const 1)))
    (loop $warm
      (local.set $hash (i32.add (i32.shl (local.get $hash) (i32.const 1))
        (i32.load (i32.shl (i32.load8_u (local.get $at)) (i32.const 2)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $warm (i32.lt_u (local.get $at) (local.get $last))))
    (local.set $last (i32.sub (local.get $to) (i32.const 8)))
    (block $few
      (loop $eight
        (br_if $few (i32.ge_s (local.get $at) (local.get $last)))
        ;; repeat 8
        (local.set $hash (i32.add (i32.shl (local.get $hash) (i32.const 1))
          (i32.load (i32.shl (i32.load8_u offset=@ (local.get $at)) (i32.const 2)))))
        (if (i32.eqz (i32.and (local.get $hash) (local.get $mask)))
          (then (return (i32.add (i32.add (local.get $at) (i32.const @)) (i32.const 1)))))
        ;; end
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $eight)))
    (local.set $last (i32.sub (local.get $to) (i32.const 1)))
    (block $none
      (loop $one
        (br_if $none (i32.ge_s (local.get $at) (local.get $last)))
        (local.set $hash (i32.add (i32.shl (local.get $hash) (i32.const 1))
          (i32.load (i32.shl (i32.load8_u (local.get $at)) (i32.const 2)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $one (i32.and (local.get $hash) (local.get $mask))))
      (return (local.get $at)))
    (i32.const 0))

  ;; True when the checksum that s1 and v stand for is the one at which a chunk ends.
  (func $ends (param $s1 i32) (param $v i32) (result i32)
    (i32.eq (i32.const 4159) (i32.rem_u
      (i32.add (local.get $v) (i32.mul (i32.const 56)
        (i32.div_u (i32.shr_u (i32.sub (local.get $v) (local.get $s1)) (i32.const 3)) (i32.const 65521))))
      (i32.const 8191))))

  ;; The first place in [from, to) where the window that ends with the byte there is a candidate; 0 if none.
  (func $candidate (param $from i32) (param $to i32) (result i32)
    (local $at i32) (local $s1 i32) (local $v i32) (local $oldest i32) (local $change i32) (local $last i32)
    (local.set $s1 (i32.const 1))
    (local.set $at (i32.sub (local.get $from) (i32.const 48)))
    (loop $warm
      (local.set $s1 (i32.add (local.get $s1) (i32.load8_u (local.get $at))))
      (local.set $v (i32.add (local.get $v) (i32.shl (local.get $s1) (i32.const 3))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $warm (i32.lt_u (local.get $at) (local.get $from))))
    (local.set $v (i32.add (local.get $v) (local.get $s1)))
    (local.set $last (i32.sub (local.get $to) (i32.const 7)))
    (block $few
      (loop $eight
        (br_if $few (i32.ge_s (local.get $at) (local.get $last)))
        (local.set $at (i32.sub (local.get $at) (i32.const 48)))
        ;; repeat 8
        (local.set $oldest (i32.load8_u offset=@ (local.get $at)))
        (local.set $change (i32.sub (i32.load8_u offset=@+48 (local.get $at)) (local.get $oldest)))
        (local.set $s1 (i32.add (local.get $s1) (local.get $change)))
        (local.set $v (i32.add
          (i32.add (local.get $v) (i32.shl (local.get $s1) (i32.const 3)))
          (i32.sub (local.get $change) (i32.add (i32.mul (local.get $oldest) (i32.const 384)) (i32.const 8)))))
        (if (i32.lt_u
            (i32.sub (i32.mul (local.get $v) (i32.const 3144538991)) (i32.const 4255116543)) (i32.const 2441596))
          (then (if (call $ends (local.get $s1) (local.get $v))
            (then (return (i32.add (i32.add (local.get $at) (i32.const @)) (i32.const 48)))))))
        ;; end
        (local.set $at (i32.add (local.get $at) (i32.const 56)))
        (br $eight)))
    (block $none
      (loop $one
        (br_if $none (i32.ge_u (local.get $at) (local.get $to)))
        (local.set $oldest (i32.load8_u (i32.sub (local.get $at) (i32.const 48))))
        (local.set $change (i32.sub (i32.load8_u (local.get $at)) (local.get $oldest)))
        (local.set $s1 (i32.add (local.get $s1) (local.get $change)))
        (local.set $v (i32.add
          (i32.add (local.get $v) (i32.shl (local.get $s1) (i32.const 3)))
          (i32.sub (local.get $change) (i32.add (i32.mul (local.get $oldest) (i32.const 384)) (i32.const 8)))))
        (if (call $ends (local.get $s1) (local.get $v)) (then (return (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $one)))
    (i32.const 0))

  (func $smaller (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.lt_u (local.get $a) (local.get $b))))

  ;; Writes the ends of the chunks in `length` bytes at `buffer` to `ends`, and returns how many there are.
  (func (export "fastcdc")
    (param $buffer i32) (param $length i32) (param $ends i32)
    (param $min i32) (param $average i32) (param $max i32) (param $strict i32) (param $loose i32) (result i32)
    (local $start i32) (local $stop i32) (local $end i32) (local $next i32)
    (local.set $start (local.get $buffer))
    (local.set $stop (i32.add (local.get $buffer) (local.get $length)))
    (local.set $next (local.get $ends))
    (block $done
      (loop $chunk
        (br_if $done (i32.lt_u (i32.sub (local.get $stop) (local.get $start)) (local.get $min)))
        (local.set $end (call $zeros
          (i32.add (local.get $start) (local.get $min))
          (call $smaller (i32.add (local.get $start) (local.get $average)) (i32.add (local.get $stop) (i32.const 1)))
          (local.get $strict)))
        (if (i32.eqz (local.get $end)) (then
          (br_if $done (i32.lt_u (i32.sub (local.get $stop) (local.get $start)) (local.get $average)))
          (local.set $end (call $zeros
            (i32.add (local.get $start) (local.get $average))
            (call $smaller (i32.add (local.get $start) (local.get $max)) (i32.add (local.get $stop) (i32.const 1)))
            (local.get $loose)))))
        (if (i32.eqz (local.get $end)) (then
          (br_if $done (i32.lt_u (i32.sub (local.get $stop) (local.get $start)) (local.get $max)))
          (local.set $end (i32.add (local.get $start) (local.get $max)))))
        (i32.store (local.get $next) (i32.sub (local.get $end) (local.get $buffer)))
        (local.set $next (i32.add (local.get $next) (i32.const 4)))
        (local.set $start (local.get $end))
        (br $chunk)))
    (i32.shr_u (i32.sub (local.get $next) (local.get $ends)) (i32.const 2)))

  ;; The same for the rule of CAFS.
  (func (export "cafs") (param $buffer i32) (param $length i32) (param $ends i32) (result i32)
    (local $start i32) (local $stop i32) (local $end i32) (local $next i32)
    (local.set $start (local.get $buffer))
    (local.set $stop (i32.add (local.get $buffer) (local.get $length)))
    (local.set $next (local.get $ends))
    (block $done
      (loop $chunk
        (br_if $done (i32.le_u (i32.sub (local.get $stop) (local.get $start)) (i32.const 128)))
        (local.set $end (call $candidate
          (i32.add (local.get $start) (i32.const 128))
          (call $smaller (i32.add (local.get $start) (i32.const 131072)) (local.get $stop))))
        (if (i32.eqz (local.get $end)) (then
          (br_if $done (i32.lt_u (i32.sub (local.get $stop) (local.get $start)) (i32.const 131072)))
          (local.set $end (i32.add (local.get $start) (i32.const 131072)))))
        (i32.store (local.get $next) (i32.sub (local.get $end) (local.get $buffer)))
        (local.set $next (i32.add (local.get $next) (i32.const 4)))
        (local.set $start (local.get $end))
        (br $chunk)))
    (i32.shr_u (i32.sub (local.get $next) (local.get $ends)) (i32.const 2)))

  ;; The first end in [from, to] where the 48 bytes before it end a chunk by the rule of casync; 0 if none. The second
  ;; table has the words rotated by 16, as they leave the window.
  (func $buzhash (param $from i32) (param $to i32)
    (param $inverse i32) (param $mask i32) (param $first i32) (param $span i32) (result i32)
    (local $old i32) (local $hash i32) (local $last i32) (local $added i32)
    (local.set $added (i32.sub (local.get $inverse) (local.get $first)))
    (local.set $old (i32.sub (local.get $from) (i32.const 48)))
    (loop $warm
      (local.set $hash (i32.xor (i32.rotl (local.get $hash) (i32.const 1))
        (i32.load (i32.shl (i32.load8_u (local.get $old)) (i32.const 2)))))
      (local.set $old (i32.add (local.get $old) (i32.const 1)))
      (br_if $warm (i32.lt_u (local.get $old) (local.get $from))))
    (local.set $old (i32.sub (local.get $from) (i32.const 48)))
    (local.set $last (i32.sub (local.get $to) (i32.const 56)))
    (block $few
      (loop $eight
        (br_if $few (i32.gt_s (local.get $old) (local.get $last)))
        ;; repeat 8
        (if (i32.le_u (i32.add (i32.mul (local.get $hash) (local.get $inverse)) (local.get $added)) (local.get $span))
          (then (if (i32.eqz (i32.and (i32.add (local.get $hash) (i32.const 1)) (local.get $mask)))
            (then (return (i32.add (local.get $old) (i32.const @+48)))))))
        (local.set $hash (i32.xor
          (i32.rotl (local.get $hash) (i32.const 1))
          (i32.xor
            (i32.load offset=1024 (i32.shl (i32.load8_u offset=@ (local.get $old)) (i32.const 2)))
            (i32.load (i32.shl (i32.load8_u offset=@+48 (local.get $old)) (i32.const 2))))))
        ;; end
        (local.set $old (i32.add (local.get $old) (i32.const 8)))
        (br $eight)))
    (local.set $last (i32.sub (local.get $to) (i32.const 48)))
    (loop $one
        (if (i32.le_u (i32.add (i32.mul (local.get $hash) (local.get $inverse)) (local.get $added)) (local.get $span))
          (then (if (i32.eqz (i32.and (i32.add (local.get $hash) (i32.const 1)) (local.get $mask)))
            (then (return (i32.add (local.get $old) (i32.const 48)))))))
        (if (i32.ge_s (local.get $old) (local.get $last)) (then (return (i32.const 0))))
        (local.set $hash (i32.xor
          (i32.rotl (local.get $hash) (i32.const 1))
          (i32.xor
            (i32.load offset=1024 (i32.shl (i32.load8_u (local.get $old)) (i32.const 2)))
            (i32.load (i32.shl (i32.load8_u offset=48 (local.get $old)) (i32.const 2))))))
        (local.set $old (i32.add (local.get $old) (i32.const 1)))
        (br $one))
    (i32.const 0))

  ;; The same for the rule of casync.
  (func (export "casync")
    (param $buffer i32) (param $length i32) (param $ends i32) (param $min i32) (param $max i32)
    (param $inverse i32) (param $mask i32) (param $first i32) (param $span i32) (result i32)
    (local $start i32) (local $stop i32) (local $end i32) (local $next i32)
    (local.set $start (local.get $buffer))
    (local.set $stop (i32.add (local.get $buffer) (local.get $length)))
    (local.set $next (local.get $ends))
    (block $done
      (loop $chunk
        (br_if $done (i32.lt_u (i32.sub (local.get $stop) (local.get $start)) (local.get $min)))
        (local.set $end (call $buzhash
          (i32.add (local.get $start) (local.get $min))
          (call $smaller (i32.add (local.get $start) (local.get $max)) (local.get $stop))
          (local.get $inverse) (local.get $mask) (local.get $first) (local.get $span)))
        (if (i32.eqz (local.get $end)) (then
          (br_if $done (i32.lt_u (i32.sub (local.get $stop) (local.get $start)) (local.get $max)))
          (local.set $end (i32.add (local.get $start) (local.get $max)))))
        (i32.store (local.get $next) (i32.sub (local.get $end) (local.get $buffer)))
        (local.set $next (i32.add (local.get $next) (i32.const 4)))
        (local.set $start (local.get $end))
        (br $chunk)))
    (i32.shr_u (i32.sub (local.get $next) (local.get $ends)) (i32.const 2))))
