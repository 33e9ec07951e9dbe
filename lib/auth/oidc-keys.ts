import type { JWTVerifyGetKey } from 'jose'
import { JOSENotSupported, JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from 'jose/errors'
import { createRemoteJWKSet } from 'jose/jwks/remote'
import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { remembered } from './remembered.ts'
import { IssuerUrl } from './settings.ts'

/** Milliseconds an issuer may take for an answer. */
const ANSWER_MS = 5_000
/** Milliseconds for which its discovery document is gone by: it is about as lasting as an address. */
const DOCUMENT_MS = 3_600_000

/**
 * An issuer's keys by what a token's head says of its own.
 *
 * @returns a function that throws JOSEError where there is no such key, DriverError BackendUnavailable where the issuer
 *   does not answer, or answers something else.
 */
export const issuerKeys = (issuer: string): JWTVerifyGetKey => {
  const kept = remembered<ReturnType<typeof createRemoteJWKSet>>(1)
  const keySet = () =>
    kept('', async () => {
      const { jwks_uri } = await documentOf(issuer)
      const value = createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: ANSWER_MS })
      return { value, until: Date.now() + DOCUMENT_MS }
    })

  return async (head, token) => {
    try {
      return await (await keySet())(head, token)
    } catch (error) {
      if (isOfToken(error)) throw error
      throw new DriverError('BackendUnavailable', `the keys of ${issuer} could not be read`, {
        cause: error,
        remedy: 'Repeat when the issuer at OIDC_ISSUER answers again.',
      })
    }
  }
}

/** It is the token that asks for what is not there. */
const isOfToken = (error: unknown): boolean =>
  error instanceof JWKSNoMatchingKey ||
  error instanceof JWKSMultipleMatchingKeys ||
  error instanceof JOSENotSupported

const documentOf = async (issuer: string) => {
  const signal = AbortSignal.timeout(ANSWER_MS)
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await fetch(url, { redirect: 'error', signal, headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return z.looseObject({ issuer: z.literal(issuer), jwks_uri: IssuerUrl }).parse(await response.json())
}
