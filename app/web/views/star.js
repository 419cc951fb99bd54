/** Shows on a button whether the video is a favourite. */
export function showStar(button, { title, favourite }) {
  button.ariaPressed = favourite;
  button.ariaLabel = `Favourite: ${title}`;
  button.title = favourite ? "Remove from favourites" : "Add to favourites";
}
