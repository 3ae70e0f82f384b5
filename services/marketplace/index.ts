/** The face of the marketplace service: listings, the stock of goods, and the times of bookings. */
export {
  changeListing,
  commandListing,
  createListing,
  type ListingChange,
  type NewListing,
  type ReservedListing,
  readListing,
  releaseStock,
  reserveStock,
} from './listings.ts';
export {
  changeAvailability,
  type FreeSlot,
  findSlot,
  listSlots,
  moveSlot,
  readAvailability,
  releaseSlot,
  reserveSlot,
} from './slots.ts';
export {
  type BookingTerms,
  findListing,
  type Listing,
  type ListingContent,
  type ListingFilter,
  listListings,
} from './store.ts';
