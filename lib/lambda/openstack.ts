import type { OpenStack } from '../auth/openstack-settings.ts'
import { openStackConfig } from '../config.ts'
import { DriverError } from '../errors.ts'
import type { Domain, Identity, KeystoneOptions } from '../glance/keystone.ts'
import { secretText } from './secret.ts'

/** Keystone's own name for the domain that is there from the start. */
const domainOf = (id: string | undefined, name: string | undefined): Domain =>
  id === undefined && name !== undefined ? { name } : { id: id ?? 'default' }

const identityOf = async (settings: OpenStack): Promise<Identity> => {
  const {
    OS_APPLICATION_CREDENTIAL_ID: applicationCredentialId,
    OS_APPLICATION_CREDENTIAL_SECRET,
    OS_PASSWORD,
  } = settings
  const { PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: port, AWS_SESSION_TOKEN: session } = settings
  const given = applicationCredentialId === undefined ? OS_PASSWORD : OS_APPLICATION_CREDENTIAL_SECRET
  const secret = given ?? (await secretText(settings.OS_PASSWORD_SECRET ?? '', port, session))
  if (applicationCredentialId !== undefined) return { applicationCredentialId, secret }
  return {
    username: settings.OS_USERNAME ?? '',
    password: secret,
    userDomain: domainOf(settings.OS_USER_DOMAIN_ID, settings.OS_USER_DOMAIN_NAME),
    projectName: settings.OS_PROJECT_NAME ?? '',
    projectDomain: domainOf(settings.OS_PROJECT_DOMAIN_ID, settings.OS_PROJECT_DOMAIN_NAME),
  }
}

/**
 * Who we are to Keystone, as it is configured.
 *
 * @param whatFor what cannot be done without, as an error says it.
 * @throws DriverError VolumeBackendError: it is not configured, or wrongly.
 */
export const keystoneOptions = (whatFor: string): KeystoneOptions => {
  const settings = openStackConfig()
  if (settings === undefined) {
    throw new DriverError('VolumeBackendError', `${whatFor}: OS_AUTH_URL is missing`, {
      remedy: 'Set OS_AUTH_URL, OS_USERNAME, OS_PASSWORD or OS_PASSWORD_SECRET, and OS_PROJECT_NAME.',
    })
  }
  return {
    authUrl: settings.OS_AUTH_URL,
    region: settings.OS_REGION_NAME,
    interface: settings.OS_INTERFACE,
    identity: () => identityOf(settings),
  }
}
