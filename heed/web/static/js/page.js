// What every page needs: times in the reader's words, menus, refusals in words.
import "heed/request";
import "heed/times";
import "heed/menus";
import "heed/toasts";
import "heed/notices";
import "heed/shortcuts";
import "heed/palette";
import "heed/filter";
import "heed/crew";

// On a phone the settings are one row: it stands where the open page is.
document.querySelector(".settings-list [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

// With many accounts the side bar is longer than the window: what is open stands in sight.
document.querySelector("#sections [aria-current]")?.scrollIntoView({ block: "nearest" });
