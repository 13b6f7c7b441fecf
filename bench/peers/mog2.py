"""Counts foreground samples with OpenCV's MOG2 and prints the number of pictures."""
import sys

import cv2

video = cv2.VideoCapture(sys.argv[1])
model = cv2.createBackgroundSubtractorMOG2(detectShadows=False)
pictures = moving = 0
while True:
    ok, picture = video.read()
    if not ok:
        break
    moving += cv2.countNonZero(model.apply(picture))
    pictures += 1
print(pictures, moving)
