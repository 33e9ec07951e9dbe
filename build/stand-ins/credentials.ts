import { fromEnv } from '@aws-sdk/credential-provider-env'

/**
 * In place of `@aws-sdk/credential-provider-node`: Lambda hands a function its credentials in the environment.
 * Profiles, single sign-on, containers and instance metadata are half of a client's code and never asked there.
 */
export const defaultProvider = () => fromEnv()
