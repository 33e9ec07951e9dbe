/** In place of axios's way to send with fetch: it is not offered. */
export const getFetch = (): null => null
