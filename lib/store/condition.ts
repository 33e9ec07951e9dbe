import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'

/** What an expression names: attributes behind a `#`, plain values behind a `:`. */
export interface Named {
  readonly names?: Record<string, string> | undefined
  readonly values?: Readonly<Record<string, unknown>> | undefined
}

export interface Condition extends Named {
  readonly condition?: string | undefined
}

/** There is no such item yet. */
export const isNew: Condition = { condition: 'attribute_not_exists(pk)' }

/** The item is at the version that was read. */
export const atVersion = (version: number): Condition => ({
  condition: '#version = :version',
  names: { '#version': 'version' },
  values: { ':version': version },
})

/** Runs a conditional write. @returns undefined where the condition did not hold. */
export const ifHolds = async <T>(write: Promise<T>): Promise<T | undefined> => {
  try {
    return await write
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined
    throw error
  }
}

/** Whether it was written. */
export const isWritten = async (write: Promise<unknown>): Promise<boolean> =>
  (await ifHolds(write.then(() => true))) === true

/** The condition did not hold for a write that was not made for the first time: it may have been carried out before. */
export const isRefusedAgain = (error: unknown): boolean =>
  error instanceof ConditionalCheckFailedException && (error.$metadata.attempts ?? 1) > 1
