const PRIVATE = "Only you can see this video. A link shows it to everyone who has the link.";
const SHARED = "Everyone who has this link can see the video. Stop sharing ends the link for good.";

/** Shares the video of the dialog: says whether it is shared; makes, copies, sends and ends its link. */
export class ShareBox {
  #parts;
  #changes;
  #video;

  constructor({ changes, reportErrors }, parts) {
    this.#parts = parts;
    this.#changes = changes;
    parts.share.addEventListener("click", () => this.open(parts.shareBox.hidden));
    parts.shareMake.addEventListener("click", () => reportErrors(() => this.#make()));
    parts.shareEnd.addEventListener("click", () => reportErrors(() => this.#end()));
    parts.shareCopy.addEventListener("click", () => this.#copy());
    parts.shareSend.addEventListener("click", () => this.#send());
    parts.shareUrl.addEventListener("focus", () => parts.shareUrl.select());
    parts.shareSend.hidden = !navigator.share;
  }

  open(isOpen) {
    const { share, shareBox, said } = this.#parts;
    share.ariaExpanded = isOpen;
    shareBox.hidden = !isOpen;
    said.textContent = "";
  }

  show(video) {
    const { shareText, shareState, shareUrl, shareLink, shareMake } = this.#parts;
    const isShared = Boolean(video.shareUrl);
    this.#video = video;
    shareText.textContent = isShared ? "Shared" : "Share";
    shareState.textContent = isShared ? SHARED : PRIVATE;
    shareUrl.value = video.shareUrl ?? "";
    shareLink.hidden = !isShared;
    shareMake.hidden = isShared;
  }

  async #make() {
    const video = this.#video;
    await this.#changes.share(video);
    if (this.#shows(video)) this.#tell("The link is made.", this.#parts.shareCopy);
  }

  async #end() {
    const video = this.#video;
    await this.#changes.revokeShare(video);
    if (this.#shows(video)) this.#tell("The link has ended.", this.#parts.shareMake);
  }

  /** False if the user went on to another video before the answer. */
  #shows({ jobId }) {
    return !this.#parts.shareBox.hidden && this.#video.jobId === jobId;
  }

  #tell(text, next) {
    next.focus();
    this.#say(text);
  }

  async #copy() {
    const { shareUrl } = this.#parts;
    try {
      await navigator.clipboard.writeText(shareUrl.value);
      this.#say("Link copied.");
    } catch {
      shareUrl.focus(); // selects it
      this.#say("The browser does not let this page copy. Copy the selected link.");
    }
  }

  async #send() {
    const { title, shareUrl } = this.#video;
    await navigator.share({ title, url: shareUrl }).catch(() => {}); // the user may close the sheet
  }

  #say(text) {
    this.#parts.said.textContent = text;
  }
}
