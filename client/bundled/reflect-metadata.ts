/** For `reflectFirst` in client/bundle.mjs. */
import 'reflect-metadata';
