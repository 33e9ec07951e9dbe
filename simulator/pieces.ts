/** Bytes in one of the pieces a volume is made of. */
export const pieceBytes = 32 * 1024 * 1024

export const pieces = (size: number) => Math.ceil(size / pieceBytes)
