/**
 * The minimum of `Reflect` metadata that the X.509 library's dependency injection needs to load. None of its classes that we use has such
 * metadata.
 */
if (!('getMetadata' in Reflect)) {
  const none = () => undefined;
  Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none, defineMetadata: none });
}
