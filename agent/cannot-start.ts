/** What stops the agent from starting, as one line that says how to mend it. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart'
}
