import { constants, type X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import type { Logger } from '../lib/log.ts'
import { CannotStart } from './cannot-start.ts'
import type { TlsConfig } from './config.ts'
import { Refusal } from './refusal.ts'
import type { Caller } from './roles.ts'

/** How soon a replaced certificate is noticed. */
const lookMs = 1_000

/**
 * Mutual TLS: this host's pair, the authority of its clients, and what a client's certificate lets him ask for. The
 * files are read again when they change.
 *
 * @throws CannotStart a file cannot be read, or the key is not that of the certificate
 */
export const mutualTls = async (config: TlsConfig, log: Logger) => {
  let state = await stateOf(config)
  let secure = await read(config).catch((error: unknown) => {
    throw new CannotStart(`The certificates cannot be used: ${reasonOf(error)}. See npm run agent -- certs`)
  })
  let epoch = 0
  /** Who a connection belongs to, and since which change of the certificates. */
  const known = new WeakMap<
    Socket,
    { readonly caller: Caller; readonly until: Date; readonly epoch: number }
  >()

  const introduced = (socket: Socket) => {
    const there = known.get(socket)
    if (there !== undefined) return there
    const certificate = certificateOf(socket)
    const made = { caller: callerIn(certificate, config), until: certificate.validToDate, epoch }
    known.set(socket, made)
    return made
  }

  /** @returns whether other certificates are used now */
  const look = async (server: SecureServer): Promise<boolean> => {
    const now = await stateOf(config)
    if (now === state) return false
    try {
      secure = await read(config)
      server.setSecureContext(secure)
    } catch (error) {
      // Half of a pair was replaced, and the other half will be: until then the old one is used.
      log.warn('the new certificates cannot be used yet', { reason: reasonOf(error) })
      return false
    }
    state = now
    epoch += 1
    // Whoever came under the old ones shows himself again.
    server.closeIdleConnections()
    log.info('the certificates were read again')
    return true
  }

  return {
    options: () => ({ ...secure, requestCert: true, rejectUnauthorized: false }),
    look,
    watch: (server: SecureServer) => {
      let looking = false
      const timer = setInterval(() => {
        if (looking) return
        looking = true
        void look(server)
          .catch((error: unknown) =>
            log.warn('the certificates cannot be looked at', { reason: reasonOf(error) }),
          )
          .finally(() => {
            looking = false
          })
      }, lookMs)
      timer.unref()
      return () => clearInterval(timer)
    },
    /**
     * Who is at the other end. A certificate that is not let in is answered in the protocol's words, not cut off in
     * the handshake: a client that sees its connection die cannot tell why.
     *
     * @throws Refusal `unauthenticated`
     */
    callerOf: (socket: Socket): Caller => {
      const { caller, until } = introduced(socket)
      if (until.getTime() < Date.now()) throw new Refusal('unauthenticated', 'The certificate has expired')
      return caller
    },
    isOutdated: (socket: Socket): boolean => (known.get(socket)?.epoch ?? epoch) !== epoch,
  }
}
export type MutualTls = Awaited<ReturnType<typeof mutualTls>>

const certificateOf = (socket: Socket): X509Certificate => {
  if (!(socket instanceof TLSSocket)) throw new Refusal('unauthenticated', 'This is not TLS')
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw new Refusal('unauthenticated', 'A client certificate is required')
  // A session that was kept would skip the look at the certificate; none is, and none is believed.
  if (!socket.authorized || socket.isSessionReused()) {
    const reason = String(socket.authorizationError ?? 'of a kept session')
    throw new Refusal('unauthenticated', `The certificate is not let in: ${reason}`, { reason })
  }
  return certificate
}

/** Every name of the list that is an alternative name of the certificate; its subject means nothing. */
const callerIn = (certificate: X509Certificate, { clients }: TlsConfig): Caller => {
  const options = { subject: 'never', wildcards: false } as const
  const names = Object.keys(clients).filter((name) => certificate.checkHost(name, options) !== undefined)
  const roles = new Set(names.flatMap((name) => clients[name] ?? []))
  return { name: names.join(',') || `${certificate.subject}`.slice(0, 128), roles: [...roles] }
}

const read = async ({ ca, cert, key }: TlsConfig): Promise<SecureContextOptions> => {
  const [authority, certificate, secret] = await Promise.all([readFile(ca), readFile(cert), readFile(key)])
  const options: SecureContextOptions = {
    ca: authority,
    cert: certificate,
    key: secret,
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
  createSecureContext(options)
  return options
}

/** Changes when one of the files is written to or replaced. */
const stateOf = async ({ ca, cert, key }: TlsConfig): Promise<string> => {
  const states = await Promise.all(
    [ca, cert, key].map((file) =>
      stat(file).then(
        ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
        () => 'missing',
      ),
    ),
  )
  return states.join()
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
