import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { until } from '../../agent/support.ts'

export const sshdProgram = '/usr/sbin/sshd'

/** A port nobody listens on now. */
const freePort = async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A key pair of ssh-keygen's. */
export const keygen = (file: string) => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file])
  return file
}

/**
 * Debian's sshd as this user, on loopback, with keys and configuration of its own: the one docs/agent.md shows.
 *
 * @param lines of authorized_keys
 */
export const startSshd = async (folder: string, lines: readonly string[]) => {
  if (!existsSync(sshdProgram)) {
    throw new Error(`${sshdProgram} is missing, and these tests need it: apt-get install openssh-server`)
  }
  // Where systemd does not make it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const at = (name: string) => join(folder, name)
  const port = await freePort()
  keygen(at('host_key'))
  writeFileSync(at('authorized_keys'), `${lines.join('\n')}\n`, { mode: 0o600 })
  writeFileSync(
    at('sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey "${at('host_key')}"`,
      `AuthorizedKeysFile "${at('authorized_keys')}"`,
      `PidFile "${at('sshd.pid')}"`,
      'AuthenticationMethods publickey',
      'PermitRootLogin forced-commands-only',
      'PermitTTY no',
      'DisableForwarding yes',
      'PermitUserRC no',
      'MaxSessions 20',
      'UsePAM no',
      // The folder of a test is in /tmp, which everybody may write to.
      'StrictModes no',
    ].join('\n'),
  )
  let said = ''
  const sshd = spawn(sshdProgram, ['-D', '-e', '-f', at('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  sshd.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await until(
    () =>
      new Promise<true | undefined>((resolve, reject) => {
        if (sshd.exitCode !== null) reject(new Error(`sshd ended: ${said}`))
        const socket = connect(port, '127.0.0.1')
        socket.once('connect', () => resolve(true)).once('error', () => resolve(undefined))
        socket.once('connect', () => socket.destroy())
      }),
  )
  const [, fingerprint] = execFileSync('ssh-keygen', ['-lf', at('host_key.pub')], { encoding: 'utf8' }).split(
    ' ',
  )
  const user = userInfo().username
  return {
    port,
    user,
    said: () => said,
    url: (pin = fingerprint) => `ssh://${user}@127.0.0.1:${port}?hostkey=${pin}`,
    [Symbol.asyncDispose]: async () => {
      sshd.kill()
      if (sshd.exitCode === null) await new Promise((resolve) => sshd.once('exit', resolve))
    },
  }
}
