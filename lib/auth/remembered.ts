export interface Answer<T> {
  readonly value: T
  /** Epoch milliseconds from which on it is asked for again. */
  readonly until: number
}

/**
 * Answers by key, each for as long as it says, at most so many: the oldest goes first. Who asks while an answer is on its
 * way waits for the same one; a failure is nobody's answer but of those who wait.
 */
export const remembered = <T>(most: number) => {
  const answers = new Map<string, { readonly value: Promise<T>; until: number }>()
  return (key: string, ask: () => Promise<Answer<T>>): Promise<T> => {
    const there = answers.get(key)
    if (there !== undefined && Date.now() < there.until) return there.value
    const asking = ask()
    const answer = { value: asking.then(({ value }) => value), until: Number.POSITIVE_INFINITY }
    answers.delete(key)
    answers.set(key, answer)
    const [oldest] = answers.keys()
    if (answers.size > most && oldest !== undefined) answers.delete(oldest)
    asking.then(
      ({ until }) => {
        answer.until = until
      },
      () => {
        if (answers.get(key) === answer) answers.delete(key)
      },
    )
    return answer.value
  }
}
