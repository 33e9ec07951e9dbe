/** In place of classes that axios only makes when asked for HTTP/2 or for a proxy of its own, which it never is. */
export default function Unused(): void {}
