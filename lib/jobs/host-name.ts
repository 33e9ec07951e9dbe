import * as z from 'zod'

/** The host whose agent does it; its name as in the registry of hosts. */
export const HostName = z.string().min(1).max(255)
