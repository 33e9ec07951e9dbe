export interface Partition {
  readonly kind: number
  readonly active: boolean
  readonly firstSector: number
  readonly sectors: number
}

/** Where a BIOS puts the first sector of a disk, and starts it. */
const origin = 0x7c00

/**
 * A master boot record whose program prints a line on the screen and on the first serial port, and halts.
 *
 * @param line of printable ASCII
 */
export const bootSector = (line: string, partitions: readonly Partition[]): Buffer => {
  const sector = Buffer.alloc(512)
  const message = Buffer.from(`\r\n${line}\r\n\0`, 'latin1')
  const code = program(origin + programBytes)
  if (programBytes + message.length > 440) throw new RangeError('The line is too long for a boot sector')
  code.copy(sector)
  message.copy(sector, programBytes)
  sector.writeUInt32LE(0x5eed0001, 440)
  for (const [index, partition] of partitions.entries()) entry(partition).copy(sector, 446 + index * 16)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

/** 16-bit x86, by hand. */
const program = (message: number): Buffer =>
  Buffer.from(
    [
      [0xfa], //                              cli
      [0x31, 0xc0], //                        xor ax, ax
      [0x8e, 0xd8], //                        mov ds, ax
      [0x8e, 0xd0], //                        mov ss, ax
      [0xbc, 0x00, 0x7c], //                  mov sp, 0x7c00
      [0xfb], //                              sti
      [0xfc], //                              cld
      [0xbe, message & 0xff, message >> 8], // mov si, message
      [0xac], //                        next: lodsb
      [0x84, 0xc0], //                        test al, al
      [0x74, 0x17], //                        jz halt
      [0x50], //                              push ax
      [0xb4, 0x0e], //                        mov ah, 0x0e     ; teletype
      [0xbb, 0x07, 0x00], //                  mov bx, 7
      [0xcd, 0x10], //                        int 0x10
      [0xba, 0xfd, 0x03], //                  mov dx, 0x3fd    ; line status
      [0xec], //                        wait: in al, dx
      [0xa8, 0x20], //                        test al, 0x20    ; room for a byte; all ones without a port
      [0x74, 0xfb], //                        jz wait
      [0xba, 0xf8, 0x03], //                  mov dx, 0x3f8    ; data
      [0x58], //                              pop ax
      [0xee], //                              out dx, al
      [0xeb, 0xe4], //                        jmp next
      [0xf4], //                        halt: hlt
      [0xeb, 0xfd], //                        jmp halt
    ].flat(),
  )
const programBytes = program(0).length

const entry = ({ kind, active, firstSector, sectors }: Partition): Buffer => {
  const bytes = Buffer.alloc(16)
  bytes[0] = active ? 0x80 : 0
  // Cylinder, head and sector at their largest: the numbers below are the ones that count.
  bytes.set([0xfe, 0xff, 0xff], 1)
  bytes[4] = kind
  bytes.set([0xfe, 0xff, 0xff], 5)
  bytes.writeUInt32LE(firstSector, 8)
  bytes.writeUInt32LE(sectors, 12)
  return bytes
}
