/**
 * What the X.509 library's dependency injection asks of `Reflect` when it is loaded, and no more: it looks for decorator
 * metadata, which none of its classes that we use has.
 */
if (!('getMetadata' in Reflect)) {
  const none = () => undefined;
  Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none, defineMetadata: none });
}
