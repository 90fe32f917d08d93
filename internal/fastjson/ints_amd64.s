#include "textflag.h"

// sequence has the bytes 0 to 63.
DATA sequence<>+0x00(SB)/8, $0x0706050403020100
DATA sequence<>+0x08(SB)/8, $0x0f0e0d0c0b0a0908
DATA sequence<>+0x10(SB)/8, $0x1716151413121110
DATA sequence<>+0x18(SB)/8, $0x1f1e1d1c1b1a1918
DATA sequence<>+0x20(SB)/8, $0x2726252423222120
DATA sequence<>+0x28(SB)/8, $0x2f2e2d2c2b2a2928
DATA sequence<>+0x30(SB)/8, $0x3736353433323130
DATA sequence<>+0x38(SB)/8, $0x3f3e3d3c3b3a3938
GLOBL sequence<>(SB), RODATA|NOPTR, $64

#define REPEAT(qword, to) \
	MOVQ         $qword, AX \
	VPBROADCASTQ AX, to

// CONVERT stores eight numbers. X2 has the indices of the ends of all numbers, X3 those of the bytes before their first
// digits, Z1 the digits, and which has the octets 0 to 7 or 8 to 15. The last digit of a number comes last in a qword,
// behind zeros; then neighbours are joined: digits to pairs, pairs to fours, fours to eights.
#define CONVERT(which, to) \
	VPERMB     Z2, which, Z4 \
	VPERMB     Z3, which, Z5 \
	VPADDB     Z16, Z4, Z4 \
	VPCMPGTB   Z5, Z4, K1 \
	VPERMB.Z   Z1, Z4, K1, Z4 \
	VPMADDUBSW Z17, Z4, Z4 \
	VPMADDWD   Z18, Z4, Z4 \
	VPSRLQ     $32, Z4, Z5 \
	VPMULUDQ   Z19, Z4, Z4 \
	VPADDQ     Z5, Z4, Z4 \
	VMOVDQU64  Z4, to

// func vectorInts(b []byte, to []int64) (size, n int)
TEXT ·vectorInts(SB), NOSPLIT, $0-64
	MOVQ b_base+0(FP), SI
	MOVQ b_len+8(FP), R8
	MOVQ to_base+24(FP), DI
	MOVQ to_len+32(FP), R9
	SUBQ $64, R8 // the last index at which 64 bytes can be read
	SUBQ $16, R9 // the last index at which 16 numbers can be stored
	XORL BX, BX  // bytes read
	XORL CX, CX  // numbers stored

	REPEAT(0x3030303030303030, Z10) // "00000000"
	REPEAT(0x0909090909090909, Z11)
	REPEAT(0x2c2c2c2c2c2c2c2c, Z12) // ",,,,,,,,"
	VMOVDQU64 sequence<>(SB), Z13
	REPEAT(0x0707070707070707, Z15)
	VPSRLW    $3, Z13, Z14
	VPANDQ    Z15, Z14, Z14         // sequence ÷ 8: each of 0 to 7 eight times
	REPEAT(0x0808080808080808, Z15)
	VPADDB    Z14, Z15, Z15         // 8 to 15
	REPEAT(0xfffefdfcfbfaf9f8, Z16) // -8 to -1
	REPEAT(0x010a010a010a010a, Z17) // factors of digits: 10, 1
	REPEAT(0x0001006400010064, Z18) // of pairs: 100, 1
	REPEAT(10000, Z19)              // of the first four
	MOVL      $0xff, AX
	VMOVD     AX, X20               // -1, the index before the first number
	MOVL      $0xffff, R10

block:
	CMPQ BX, R8
	JGT  done
	CMPQ CX, R9
	JGT  done

	// One bit for each of 64 bytes: AX where numbers end, R11 commas, R12 zeros, DX where numbers begin.
	VMOVDQU8  (SI)(BX*1), Z0
	VPSUBB    Z10, Z0, Z1
	VPCMPUB   $6, Z11, Z1, K1 // above 9
	VPCMPEQB  Z12, Z0, K2
	VPTESTNMB Z1, Z1, K3
	KMOVQ     K1, AX
	KMOVQ     K2, R11
	KMOVQ     K3, R12
	LEAQ      1(AX)(AX*1), DX

	// R11 becomes where something is not a number of one to eight digits and a comma.
	ANDNQ AX, R11, R11 // an end without a comma
	MOVQ  AX, R13
	ANDQ  DX, R13
	ORQ   R13, R11     // no digit
	ANDQ  DX, R12
	MOVQ  AX, R13
	SHRQ  $1, R13
	ANDNQ R12, R13, R12
	ORQ   R12, R11     // a zero and further digits
	LEAQ  (DX)(DX*1), R13
	ORQ   DX, R13
	MOVQ  R13, R12
	SHLQ  $2, R12
	ORQ   R12, R13
	MOVQ  R13, R12
	SHLQ  $4, R12
	ORQ   R12, R13
	ADDQ  R13, R13     // one to eight bytes after a beginning
	ANDNQ AX, R13, R13
	ORQ   R13, R11     // more than eight digits
	JNZ   odd

store:
	TESTQ         AX, AX
	JZ            done
	PDEPQ         AX, R10, AX // the first sixteen
	KMOVQ         AX, K1
	VPCOMPRESSB.Z Z13, K1, Z2
	VPSLLDQ       $1, X2, X3
	VPORQ         X20, X3, X3
	CONVERT(Z14, (DI)(CX*8))
	CONVERT(Z15, 64(DI)(CX*8))
	POPCNTQ       AX, DX
	ADDQ          DX, CX
	BSRQ          AX, DX
	LEAQ          1(BX)(DX*1), BX
	JMP           block

odd:
	LEAQ  -1(R11), R13
	ANDNQ R13, R11, R13
	ANDQ  R13, AX // only what is before it
	MOVQ  $-1, R8 // and no other block
	JMP   store

done:
	VZEROUPPER
	MOVQ BX, size+48(FP)
	MOVQ CX, n+56(FP)
	RET
