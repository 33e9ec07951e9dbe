import { connectGlance, type Glance } from '../glance/client.ts'
import { once } from '../once.ts'
import type { Invocation } from './endpoint.ts'
import { keystoneOptions } from './openstack.ts'

const connection = once(() => connectGlance(keystoneOptions('no Glance is configured')))

/**
 * Glance, for one invocation.
 *
 * @throws DriverError VolumeBackendError: none is configured, or wrongly.
 */
export const glanceFor = ({ deadline }: Invocation): Glance => connection().within(deadline)
