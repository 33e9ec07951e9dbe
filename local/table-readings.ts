import { createRequire } from 'node:module'

interface Reading {
  close(): Promise<void>
  return?: (this: Reading) => Promise<void>
}

interface Level {
  readonly AbstractKeyIterator: { readonly prototype: Reading }
  readonly AbstractValueIterator: { readonly prototype: Reading }
}

/**
 * Have dynalite end the readings that it begins. It asks each to `return`, which readings of its database have not; one
 * that is not ended keeps all that the database held when it began, on the disk and mapped into memory.
 *
 * @see dynalite 4.0.0, db/index.js createValueStream, and abstract-level 3.1.1, abstract-iterator.js close
 */
export const endReadings = (): void => {
  const { resolve } = createRequire(import.meta.url)
  const level: Level = createRequire(resolve('dynalite'))('abstract-level')
  for (const { prototype } of [level.AbstractKeyIterator, level.AbstractValueIterator]) {
    prototype.return ??= function () {
      return this.close()
    }
  }
}
