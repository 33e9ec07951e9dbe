/** Bytes in one GiB: Cinder counts sizes in GiB, StorPool in bytes. */
export const GiB = 1024 ** 3

/** Whole GiB that hold `bytes`, rounded up. */
export const toGiB = (bytes: number): number => Math.ceil(bytes / GiB)
