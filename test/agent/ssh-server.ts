import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import ssh2 from 'ssh2'

/** A key pair as ssh-keygen makes it. */
export const sshKey = () => ssh2.utils.generateKeyPairSync('ed25519')

/** SHA-256 of a public key, as ssh-keygen -lf prints it. */
export const fingerprint = (publicKey: string) =>
  `SHA256:${createHash('sha256')
    .update(Buffer.from(publicKey.split(' ')[1]!, 'base64'))
    .digest('base64')
    .replace(/=+$/, '')}`

/**
 * Speaks SSH as sshd does, with forced commands: whatever a client wants to run, the command of its key is run, with
 * what was wanted in SSH_ORIGINAL_COMMAND.
 */
export const startSshServer = async (authorized: ReadonlyMap<string, readonly string[]>) => {
  const hostKey = sshKey()
  const wanted: string[] = []
  let connections = 0
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection) => {
    connections += 1
    let forced: readonly string[] = []
    connection.on('error', () => {})
    connection.on('authentication', (asked) => {
      const [key, command] =
        [...authorized].find(
          ([key]) =>
            asked.method === 'publickey' && asked.key.data.equals(Buffer.from(key.split(' ')[1]!, 'base64')),
        ) ?? []
      if (key === undefined || asked.method !== 'publickey') return asked.reject(['publickey'])
      forced = command ?? []
      const parsed = ssh2.utils.parseKey(key)
      if (parsed instanceof Error) return asked.reject()
      if (asked.signature && !parsed.verify(asked.blob!, asked.signature, asked.hashAlgo))
        return asked.reject()
      asked.accept()
    })
    connection.on('session', (accept) => {
      accept().on('exec', (acceptExec, _, { command }) => {
        wanted.push(command)
        const channel = acceptExec()
        const [program, ...args] = forced
        const env = { ...process.env, SSH_ORIGINAL_COMMAND: command }
        const run = spawn(program!, args, { env, stdio: 'pipe' })
        channel.pipe(run.stdin).on('error', () => {})
        run.stdout.pipe(channel, { end: false })
        run.stderr.pipe(channel.stderr, { end: false })
        run.once('close', (code) => {
          channel.exit(code ?? 1)
          channel.end()
        })
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const pin = fingerprint(hostKey.public)
  return {
    url: (pinned = pin) => `ssh://agent@127.0.0.1:${port}?hostkey=${pinned}`,
    wanted,
    connections: () => connections,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
