import { connect } from 'node:net'

/** As much as the agent takes, and a line end. */
const longest = 64 * 1024 + 1

export interface Rpc {
  /** The UNIX socket of the running agent. */
  readonly socket: string
  /** What this caller may ask for; the agent knows the words. */
  readonly roles: readonly string[]
  /** Whom the agent's log names. */
  readonly name: string
}

/**
 * What sshd runs for a key: one line in, one line out, between its streams and the agent's socket. Whatever the
 * caller wanted to run (`SSH_ORIGINAL_COMMAND`) is not looked at. Starts for every call, so it imports next to nothing.
 *
 * @returns the status to exit with: 0 where the agent answered, whatever that was
 */
export const runRpc = async ({ socket: path, roles, name }: Rpc): Promise<number> => {
  const line = await firstLine(process.stdin)
  if (line === undefined) return fail('The request is not one line of at most 64 KiB')
  const socket = connect(path)
  try {
    socket.write(`${JSON.stringify({ name, roles })}\n${line}\n`)
    const answer: Buffer[] = []
    for await (const part of socket) answer.push(part)
    const text = Buffer.concat(answer)
    if (!text.includes('\n')) return fail('The agent ended without an answer')
    await new Promise((resolve) => process.stdout.write(text, resolve))
    return 0
  } catch (error) {
    return fail(
      `The agent does not listen on ${path}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

const firstLine = async (input: NodeJS.ReadStream): Promise<string | undefined> => {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of input) {
    const bytes = Buffer.from(part)
    parts.push(bytes)
    length += bytes.length
    if (bytes.includes('\n') || length > longest) break
  }
  const text = Buffer.concat(parts)
  const end = text.indexOf('\n')
  return end < 0 || end >= longest ? undefined : text.subarray(0, end).toString('utf8')
}

const fail = (line: string): number => {
  console.error(line)
  return 1
}
