import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { TlsConfig } from './config.ts'
import { type Finding, finding } from './finding.ts'

const dayMs = 86_400_000
/** What ends sooner is to be renewed now. */
const soonDays = 7
const serverAuth = '1.3.6.1.5.5.7.3.1'

/** This host's pair and the authority of its clients: there, belonging together, in time, and for this host. */
export const checkCertificates = async (tls: TlsConfig, host: string | undefined): Promise<Finding[]> => [
  ...(await authorities(tls.ca)),
  ...(await serverPair(tls, host)),
]

const authorities = async (file: string): Promise<Finding[]> => {
  const what = 'authority'
  try {
    const blocks =
      (await readFile(file, 'utf8')).match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? []
    if (blocks.length === 0) return [finding(what, `${file} has no certificate`, remake)]
    return blocks.map((block) => {
      const certificate = new X509Certificate(block)
      const wrong = certificate.ca ? timeFault(certificate) : 'is no authority'
      return finding(what, describe(certificate), wrong && `It ${wrong}: ${remake}`)
    })
  } catch (error) {
    return [finding(what, reasonOf(error), remake)]
  }
}

const remake = 'Make others with npm run agent -- certs, or let tls name the right files'

const serverPair = async ({ cert, key }: TlsConfig, host: string | undefined): Promise<Finding[]> => {
  const what = 'certificate'
  try {
    const certificate = new X509Certificate(await readFile(cert))
    const secret = createPrivateKey(await readFile(key))
    const faults = [
      timeFault(certificate),
      certificate.checkPrivateKey(secret) ? undefined : `is not of the key in ${key}`,
      certificate.keyUsage?.includes(serverAuth) === false ? "is a client's" : undefined,
      host === undefined || certificate.checkHost(host, { subject: 'never' })
        ? undefined
        : `is not for ${host}`,
    ].filter((fault) => fault !== undefined)
    const open = ((await stat(key)).mode & 0o077) !== 0
    return [
      finding(
        what,
        describe(certificate),
        faults.length > 0 ? `It ${faults.join(', and ')}: ${remake}` : undefined,
      ),
      finding('key', key, open ? `Others may read it: chmod 0600 ${key}` : undefined),
    ]
  } catch (error) {
    return [finding(what, reasonOf(error), remake)]
  }
}

const timeFault = ({ validFromDate, validToDate }: X509Certificate): string | undefined => {
  const now = Date.now()
  if (validFromDate.getTime() > now)
    return `is good from ${validFromDate.toISOString()} on; look at the clock too`
  if (validToDate.getTime() < now) return `has expired on ${validToDate.toISOString()}`
  if (validToDate.getTime() < now + soonDays * dayMs) return `expires on ${validToDate.toISOString()}`
  return undefined
}

const describe = ({ subjectAltName, subject, validToDate }: X509Certificate) =>
  `${subjectAltName ?? subject}, until ${validToDate.toISOString().slice(0, 10)}`

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
