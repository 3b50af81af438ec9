// A voter's picture for whoever has none at hand: a round sticker, drawn here.

/** A PNG file. */
export async function sticker() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 240;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#f4f1e8";
  pen.fillRect(0, 0, 240, 240);
  disc(pen, 104, "#2f6f5e");
  disc(pen, 94, "#ffffff");
  pen.fillStyle = "#2f6f5e";
  pen.font = "bold 44px sans-serif";
  pen.textAlign = "center";
  pen.fillText("I voted", 120, 112);
  pen.strokeStyle = "#c93d55";
  pen.lineWidth = 14;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(88, 156);
  pen.lineTo(112, 178);
  pen.lineTo(156, 134);
  pen.stroke();
  const content = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([content], "sticker.png", { type: "image/png" });
}

function disc(pen, radius, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(120, 120, radius, 0, 2 * Math.PI);
  pen.fill();
}
